"""Completion by Tab, as in Python's own shell, which Nameko's plain one does not have."""

from contextlib import suppress


def complete_with_tab(names: dict[str, object]) -> None:
    """Have Tab complete what is typed.

    No history is kept from one session to the next, as a call such as ``n.rpc.users.login``
    holds a password.

    Args:
        names: what the shell knows.
    """
    # some Pythons are built without readline
    with suppress(ImportError):
        import readline
        import rlcompleter

        readline.set_completer(rlcompleter.Completer(names).complete)
        is_libedit = "libedit" in (readline.__doc__ or "")
        readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")
