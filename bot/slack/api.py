"""Calls to Slack's Web API, with every way of not succeeding told apart."""

import asyncio
import re
from collections.abc import Awaitable, Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError, SlackRequestError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import SlackBusy, SlackDoubtful, SlackDown, SlackError, SlackRefused, SlackUnreachable

TIMEOUT = 10.0
UNREACHABLE_RETRY = 2.0
_BUSY = {"ratelimited", "rate_limited", "message_limit_exceeded"}
# Slack's own words for "something broke on our side": whether it was done stays open.
_DOUBTFUL = {"internal_error", "fatal_error", "service_unavailable", "request_timeout", ""}
# What is wrong with this call, this message, this channel or this person: Slack would say so again.
_FINAL = re.compile(
    r"(message|thread|channel|users?|bot|view|app|team_member)_not_(found|visible)|no_such_subteam|subteam_not_found"
    r"|(user_)?not_in_channel|is_archived|is_inactive|restricted_action\w*|cant_(update|delete)_message"
    r"|(edit|update)_window_closed|user_disabled|cannot_(dm|reply|post)\w*|msg_(too_long|blocks_too_long)|no_text"
    r"|invalid_(arguments|arg_name|blocks\w*|trigger_id|users?|metadata\w*|form_data|json)|expired_trigger_id"
    r"|exchanged_trigger_id|view_too_large|metadata_too_large|too_many_attachments|duplicate_\w+|org_wide_install"
    r"|messages_tab_disabled|method_not_supported_for_channel_type|invalid_user_combination|(too_many|not_enough)_users"
    r"|users_list_not_supplied|invalid_(ts_\w+|cursor|limit)|compliance_exports_prevent_deletion"
    r"|missing_charset|unknown_method|method_deprecated|as_user_not_supported|not_found|no_app_id|http_4\d\d"
)
TOO_MANY, SERVER_ERROR = 429, 500


async def answered(call: Awaitable[AsyncSlackResponse], within: float = TIMEOUT) -> Mapping[str, Any]:
    """Await a Web API call; the keys of its answer. Raises SlackError and nothing else of a vendor's."""
    try:
        async with asyncio.timeout(within):
            response = await call
    except SlackApiError as error:
        raise translated(error) from error
    except aiohttp.ClientConnectorError as error:
        raise SlackUnreachable(UNREACHABLE_RETRY, type(error).__name__) from error
    except (TimeoutError, OSError, aiohttp.ClientError, ValueError) as error:
        raise SlackDoubtful(type(error).__name__) from error
    except (SlackRequestError, SlackClientError) as error:
        raise SlackDoubtful(type(error).__name__) from error
    return response.data if isinstance(response.data, Mapping) else {}


def translated(error: SlackApiError) -> SlackError:
    """Name an answer that is not ok."""
    response = error.response
    data = getattr(response, "data", None)
    code = _code(data.get("error")) if isinstance(data, Mapping) else ""
    status = int(getattr(response, "status_code", 0) or 0)
    if status == TOO_MANY or code in _BUSY:
        return SlackBusy(retry_after(getattr(response, "headers", None) or {}))
    if status >= SERVER_ERROR or code in _DOUBTFUL:
        return SlackDoubtful(code or f"http_{status}")
    return SlackRefused(code) if _FINAL.fullmatch(code) else SlackDown(code)


def _code(error: object) -> str:
    """Slack's codes are single words; anything else is somebody else's answer and is not repeated."""
    return error if isinstance(error, str) and re.fullmatch(r"[a-z0-9_]{1,60}", error) else ""


def retry_after(headers: Mapping[str, str]) -> float:
    """Read Slack's Retry-After, in seconds; a second where it is missing or no number."""
    value = next((v for k, v in headers.items() if k.lower() == "retry-after"), "")
    return min(float(value), 300.0) if value.isascii() and value.isdigit() else 1.0
