"""``n.rpc``: the services and their methods, with signatures and docstrings from the code."""

import inspect
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from amqp.exceptions import AMQPError
from kombu.exceptions import OperationalError
from nameko.exceptions import IncorrectSignature, MethodNotFound, UnknownService
from nameko.rpc import MethodProxy, Rpc, ServiceProxy
from nameko.standalone.rpc import ClusterProxy

SUMMARY = "  {name:<23} {text}"


class Disconnected(Exception):
    """The broker can't be reached, or the connection was lost during a call."""


class Services(ModuleType):
    """The services, as attributes or (if a name is no identifier) as items.

    A module, as ``help`` lists the contents of modules.

    Args:
        proxy: makes the calls.
        classes: the known services by name; others can be called, too.
    """

    def __init__(self, proxy: ClusterProxy, classes: Mapping[str, type]):
        super().__init__("n.rpc", "The services.")
        self._proxy = proxy
        for name, known in sorted(classes.items()):
            setattr(self, name, Service(getattr(proxy, name), known))
        lines = [_summary(name, known) for name, known in sorted(classes.items())]
        self.__doc__ = "\n".join(["The services.", "", *lines])
        self.__all__ = sorted(classes)

    def __getattr__(self, name: str) -> "Service":
        """Return a service whose code is not known here."""
        _refuse_private(name)
        return Service(
            getattr(self._proxy, name), if_not_served=f"known services: {', '.join(self.__all__)}"
        )

    def __getitem__(self, name: str) -> "Service":
        return getattr(self, name)

    def __dir__(self) -> list[str]:
        return self.__all__

    def __repr__(self) -> str:
        return f"{self.__doc__}\n\nhelp(n.rpc.{self.__all__[0]}) shows the methods of one."


class Service(ModuleType):
    """A service's methods, as functions.

    Args:
        proxy: makes the calls.
        known: the service's class, if known.
        if_not_served: hint that is shown if the service has no consumer.
    """

    def __init__(
        self,
        proxy: ServiceProxy,
        known: type | None = None,
        if_not_served: str = "./gym status shows whether it runs",
    ):
        super().__init__(f"n.rpc.{proxy.service_name}")
        self._proxy = proxy
        self._if_not_served = if_not_served
        functions = _methods(known) if known else {}
        for name, function in functions.items():
            setattr(self, name, self._make(name, function))
        summary = inspect.getdoc(known) if known else "A service whose code is not here."
        lines = [_summary(name, function) for name, function in functions.items()]
        self._overview = "\n".join([summary or "", "", *lines])
        self.__doc__ = summary
        self.__all__ = list(functions)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a method that is not in the service's class here."""
        _refuse_private(name)
        return self._make(name)

    def __dir__(self) -> list[str]:
        return self.__all__

    def __repr__(self) -> str:
        return f"{self._overview}\n\nhelp(NAME) shows all of it, help({self.__name__}.METHOD) one."

    def _make(self, name: str, function: Callable | None = None) -> Callable[..., Any]:
        remote: MethodProxy = getattr(self._proxy, name)

        def method(*args: object, **kwargs: object) -> Any:
            try:
                return remote(*args, **kwargs)
            except IncorrectSignature as problem:
                problem.add_note(f"help({method.__qualname__}) says what it takes")
                raise
            except MethodNotFound as problem:
                problem.add_note(f"{self.__name__} has: {', '.join(self.__all__)}")
                raise
            except UnknownService as problem:
                problem.add_note(self._if_not_served)
                raise
            except (OSError, AMQPError, OperationalError) as problem:
                raise Disconnected(f"RabbitMQ does not answer: {problem}") from problem
            except RuntimeError as problem:
                # the reply queue is gone with the connection; Nameko declares no other
                raise Disconnected(f"open the shell again: {problem}") from problem

        made: Any = method
        method.__name__ = name
        method.__qualname__ = f"{self.__name__}.{name}"
        method.__module__ = self.__name__
        made.call_async = remote.call_async
        if function:
            method.__doc__ = inspect.getdoc(function)
            made.__signature__ = _without_self(inspect.signature(function))
        return method


def _methods(known: type) -> dict[str, Callable]:
    """Return the RPC methods of a class by name."""
    return {
        name: member
        for name, member in inspect.getmembers(known, inspect.isfunction)
        if any(isinstance(point, Rpc) for point in getattr(member, "nameko_entrypoints", ()))
    }


def _without_self(signature: inspect.Signature) -> inspect.Signature:
    return signature.replace(parameters=list(signature.parameters.values())[1:])


def _summary(name: str, described: object) -> str:
    return SUMMARY.format(name=name, text=(inspect.getdoc(described) or "").partition("\n")[0])


def _refuse_private(name: str) -> None:
    # help(), copy and the like look up private attributes, which are neither service nor method
    if name.startswith("_"):
        raise AttributeError(name)
