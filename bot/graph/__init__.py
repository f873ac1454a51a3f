"""The conversation with Microsoft Graph: requests built, tokens had, calls paced, answers read."""
