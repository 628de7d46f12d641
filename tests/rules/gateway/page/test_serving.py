"""How the files of the page come to the fast path."""

from gateway.page.serving import WebPage
from gateway.responses.prepared_files import PreparedFiles
from services.transport.http.plain_get import PlainGet


class Server:
    def __init__(self):
        self.providers = []

    def register_provider(self, provider):
        self.providers.append(provider)

    @property
    def headers_without_origin(self):
        raise AssertionError("it is not set up yet")


class ReadyServer(Server):
    headers_without_origin = (("Vary", "Origin"),)


def test_it_does_not_matter_which_extension_is_set_up_first():
    page = WebPage()
    page.server, page.files = Server(), PreparedFiles()
    page.setup()
    page.server = ReadyServer()
    prepared = page.files.find(PlainGet(b"/", {}))
    assert b"\r\nVary: Origin\r\n" in prepared.render(b"one", 0.0, None)
    assert page.files.find(PlainGet(b"/", {})) is prepared, "it is prepared once"
