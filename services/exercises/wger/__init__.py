"""The import of wger's exercises (docs/wger.md).

``client`` reads pages, ``entries`` (with ``text`` and ``vocabulary``) makes columns of them,
``staging`` stores those until all are there, ``matching`` finds the exercises they belong to, and
``applying`` writes them in one transaction. ``importing`` is one run of all that, ``provider`` the
extension that the service has.
"""
