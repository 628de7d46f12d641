"""What travels about users."""

from schemas.fields import Body, Email, Password, RuledField, Text, refuse, shown


class NewUser(Body):
    """Body of a registration."""

    email = Email(required=True)
    password = Password(required=True)
    name = Text(most=100)


class _AnyText(RuledField):
    """Text that is only compared: what can't be right is wrong, not faulty."""

    secret = False

    def _deserialize(self, value: object, *_: object, **__: object) -> str:
        if not isinstance(value, str):
            received = {} if self.secret else {"received": shown(value)}
            raise refuse(f"{self.label} must be text", "type", expected="string", **received)
        return value


class _AnyPassword(_AnyText):
    secret = True


class Credentials(Body):
    """Body of a login."""

    email = _AnyText(required=True)
    password = _AnyPassword(required=True)
