"""Microsoft's clouds that have confirmSafe: where tokens come from, where Graph is, where people look."""

LOGIN_HOSTS = {
    "global": "https://login.microsoftonline.com",
    "usgov": "https://login.microsoftonline.us",
    "usgov-dod": "https://login.microsoftonline.us",
}
GRAPH_ROOTS = {
    "global": "https://graph.microsoft.com",
    "usgov": "https://graph.microsoft.us",
    "usgov-dod": "https://dod-graph.microsoft.us",
}

ADMIN_CENTERS = {
    "global": "https://entra.microsoft.com",
    "usgov": "https://entra.microsoft.us",
    "usgov-dod": "https://entra.microsoft.us",
}
