"""The SIP user agent: registrations, dialogs and calls."""
