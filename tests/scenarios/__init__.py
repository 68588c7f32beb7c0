"""What a person does with the phone and what the phone shows, as scripts in plain text."""
