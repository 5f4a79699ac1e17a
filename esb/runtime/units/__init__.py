"""Units for systemd: templates, what an instance needs of the machine, and the files made of both."""
