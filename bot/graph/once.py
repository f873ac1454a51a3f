"""A call that aiohttp sends once: each has a turn of its own, and a silent second try would come without one."""

import aiohttp


class ConnectionBroke(aiohttp.ClientConnectionError):
    """The connection broke before an answer came."""


async def once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request; a middleware of aiohttp's, which tries a GET again at once when one of these comes through."""
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise  # it was never sent, and is not tried again
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise ConnectionBroke(type(error).__name__) from error
