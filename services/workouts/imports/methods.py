"""The part of the workouts service that brings histories of other apps in."""

from typing import Any

from schemas.imports import ApplyImport, NewImport, Piece, WholeFile
from schemas.loading import load
from schemas.pages import Page, checked_id, checked_user
from services.dependencies.rpc import rpc
from services.workouts.imports import records, requests, uploads
from services.workouts.imports.tools import HasTools

NEW_IMPORT = NewImport()
PIECE = Piece()
WHOLE_FILE = WholeFile()
PAGE = Page()
APPLY_IMPORT = ApplyImport()


class ImportMethods(HasTools):
    """The RPC methods of imports; they leave what takes long to :class:`ImportTimers`."""

    @rpc
    def begin_import(self, user_id: int, options: dict[str, Any] | None = None) -> dict[str, Any]:
        """Begin to bring in a history that another app, or ``export``, has written.

        Send its file with ``add_to_import`` and ``end_upload``, and then look at ``get_import``.

        Args:
            user_id: whose history it is.
            options: ``source`` (``"auto"``, ``"strong"``, ``"hevy"``, or ``"gym"`` for JSON of
                ``export``), ``name`` (of the file) and what files don't tell, here or when it is
                applied: ``weight_unit`` (``"kg"`` or ``"lb"``), ``distance_unit`` (``"m"``,
                ``"km"`` or ``"mi"``) and ``time_zone`` (``"Europe/Berlin"``); here only,
                ``language`` (``"pl"``) of the names of months.

        Returns:
            ``{"id", "status": "receiving"}``

        Raises:
            InvalidParameter: an option is not allowed.
            BusinessRuleViolation: too many imports of the user are not applied.

        Example:
            ``n.rpc.workouts.begin_import(1, {"time_zone": "Europe/Berlin"})``
        """
        user_id = checked_user(user_id)
        values = load(NEW_IMPORT, options or {})
        import_id = uploads.begin(self.database.fetch, user_id, values)
        return {"id": import_id, "status": records.RECEIVING}

    @rpc
    def add_to_import(
        self, user_id: int, import_id: int, number: int, content: str
    ) -> dict[str, Any]:
        """Receive a piece of a file; the same piece again replaces it.

        Args:
            user_id: whose import it is.
            import_id: its id.
            number: which piece, from 0.
            content: at most 256 KiB, in base64.

        Returns:
            ``{"number", "size": bytes of the piece}``

        Raises:
            InvalidParameter: the content is no base64, or the file too large.
            NotFound: there is no such import, or it is somebody else's.
            Conflict: the file was received whole already.

        Example:
            ``n.rpc.workouts.add_to_import(1, 7, 0, base64.b64encode(text).decode())``
        """
        user_id, import_id = checked_user(user_id), checked_id(import_id)
        number = load(PIECE, {"number": number})["number"]
        size = uploads.add(self.database.fetch, user_id, import_id, number, content)
        return {"number": number, "size": size}

    @rpc
    def end_upload(self, user_id: int, import_id: int, pieces: int, size: int) -> dict[str, Any]:
        """Have a file read whose pieces were all sent; that is done in the background.

        Args:
            user_id: whose import it is.
            import_id: its id.
            pieces: how many there are.
            size: of all of them in bytes, at most 20 MiB.

        Returns:
            ``{"id", "status": "reading"}``, or the status it has got since.

        Raises:
            InvalidParameter: not so much was received.
            NotFound: there is no such import, or it is somebody else's.

        Example:
            ``n.rpc.workouts.end_upload(1, 7, 1, 20480)``
        """
        user_id, import_id = checked_user(user_id), checked_id(import_id)
        whole = load(WHOLE_FILE, {"pieces": pieces, "size": size})
        status = uploads.end(self.database, user_id, import_id, **whole)
        return {"id": import_id, "status": status}

    @rpc
    def list_imports(self, user_id: int, page: int = 1, limit: int = 10) -> dict[str, Any]:
        """Return a page of a user's imports, newest first.

        Args:
            user_id: the owner.
            page: from 1.
            limit: at most 100.

        Returns:
            ``{"items": [...], "total": number of all}``; items are as from ``get_import``, without
            ``recognised``, ``needs``, ``options``, ``names``, faults and warnings.

        Raises:
            InvalidParameter: a value is not allowed.

        Example:
            ``n.rpc.workouts.list_imports(1)``
        """
        user_id = checked_user(user_id)
        values = load(PAGE, {"page": page, "limit": limit})
        return records.page(self.database.fetch, user_id, values["page"], values["limit"])

    @rpc
    def get_import(self, user_id: int, import_id: int) -> dict[str, Any]:
        """Return an import: how far it is, and what is in its file.

        Args:
            user_id: the owner.
            import_id: its id.

        Returns:
            ``{"id", "name", "source", "status": "receiving|reading|preview|applying|applied|
            undoing|undone|failed", "waits_for": id of the import that is worked on before,
            "progress": percent, "recognised": {"source", "encoding", "delimiter", "language",
            "month_language", "decimal_mark", "weight_unit", "distance_unit"}, "needs": what must
            be given to apply it, "options", "counts": {"workouts", "sets", "new", "same",
            "changed", "likely_same", "deleted"}, "added", "updated", "kept": workouts that
            applying and undoing have made, changed and left, "faults" and "warnings": at most 100
            of [{"line", "field", "message", "constraint", "received"}], "fault_count",
            "warning_count", "names": [{"name", "sets", "measure", "why": "exact|alias|words|
            learned|new|ask", "exercise_id", "exercise_name", "choices": [{"id", "name"}]}],
            "error", "created_at", "applied_at"}``

        Raises:
            NotFound: there is no such import, or it is somebody else's.

        Example:
            ``n.rpc.workouts.get_import(1, 7)``
        """
        user_id, import_id = checked_user(user_id), checked_id(import_id)
        return requests.show(self.database.fetch, user_id, import_id)

    @rpc
    def map_import(
        self, user_id: int, import_id: int, mapping: dict[str, int | str]
    ) -> dict[str, Any]:
        """Say which exercises the names of a file are; it is remembered for the next file.

        Args:
            user_id: the owner.
            import_id: its id.
            mapping: ids of exercises, or ``"new"`` for a private exercise, by names of the file;
                others stay as they are.

        Returns:
            The import as from ``get_import``.

        Raises:
            ValidationFailed: it is no such mapping, or a name is not in the file.
            BusinessRuleViolation: there is no such exercise.
            NotFound: there is no such import, or it is somebody else's.
            Conflict: the import is not at its preview.

        Example:
            ``n.rpc.workouts.map_import(1, 7, {"Shoulder Press": 31, "Gorilla Row": "new"})``
        """
        user_id, import_id = checked_user(user_id), checked_id(import_id)
        requests.set_mapping(self._tools, user_id, import_id, mapping)
        return requests.show(self.database.fetch, user_id, import_id)

    @rpc
    def apply_import(
        self, user_id: int, import_id: int, options: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Have the workouts of an import written; that is done in the background.

        Args:
            user_id: the owner.
            import_id: its id.
            options: ``on_changed`` (``"skip"`` or ``"update"``: workouts that were imported before
                and are another now), ``deleted`` (``"skip"`` or ``"restore"``), ``likely_same``
                (``"skip"`` or ``"add"``), ``faulty`` (``"refuse"`` or ``"skip"``), and what is
                among the import's ``needs``.

        Returns:
            ``{"id", "status": "applying"}``, or ``"applied"`` if it was before.

        Raises:
            ValidationFailed: an option is not allowed.
            BusinessRuleViolation: names must be mapped, a unit or the time zone is missing, or
                lines have faults.
            NotFound: there is no such import, or it is somebody else's.
            Conflict: the import is not at its preview.

        Example:
            ``n.rpc.workouts.apply_import(1, 7, {"weight_unit": "kg"})``
        """
        user_id, import_id = checked_user(user_id), checked_id(import_id)
        values = load(APPLY_IMPORT, options or {})
        return {
            "id": import_id,
            "status": requests.apply(self._tools, user_id, import_id, values),
        }

    @rpc
    def undo_import(self, user_id: int, import_id: int, force: bool = False) -> dict[str, Any]:
        """Have taken out what an import has brought; that is done in the background.

        Private exercises that it made go, too, unless something else uses them.

        Args:
            user_id: the owner.
            import_id: its id.
            force: also workouts that were edited since.

        Returns:
            ``{"id", "status": "undoing"}``, or ``"undone"`` if it was before.

        Raises:
            NotFound: there is no such import, or it is somebody else's.
            Conflict: it was not applied.

        Example:
            ``n.rpc.workouts.undo_import(1, 7)``
        """
        user_id, import_id = checked_user(user_id), checked_id(import_id)
        status = requests.undo(self._tools, user_id, import_id, force is True)
        return {"id": import_id, "status": status}

    @rpc
    def delete_import(self, user_id: int, import_id: int) -> dict[str, Any]:
        """Delete an import that has brought neither workouts nor exercises.

        Args:
            user_id: the owner.
            import_id: its id.

        Returns:
            ``{"id", "deleted": True}``

        Raises:
            NotFound: there is no such import, or it is somebody else's.
            Conflict: it has brought some, or is being worked on.

        Example:
            ``n.rpc.workouts.delete_import(1, 7)``
        """
        user_id, import_id = checked_user(user_id), checked_id(import_id)
        requests.delete(self._tools, user_id, import_id)
        return {"id": import_id, "deleted": True}
