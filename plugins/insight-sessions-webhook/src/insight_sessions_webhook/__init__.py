"""The events of insight-sessions as signed webhooks."""
