"""Tab completion, which Nameko's plain shell lacks."""

from contextlib import suppress


def complete_with_tab(names: dict[str, object]) -> None:
    """Enable Tab completion.

    No history is saved, as a call such as ``n.rpc.users.login`` contains a password.

    Args:
        names: the shell's namespace.
    """
    # some Pythons are built without readline
    with suppress(ImportError):
        import readline
        import rlcompleter

        readline.set_completer(rlcompleter.Completer(names).complete)
        is_libedit = "libedit" in (readline.__doc__ or "")
        readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")
