"""confirm-safe: confirms users safe in Microsoft Entra ID Protection, after an approval in Slack."""

__version__ = "0.1.0"
