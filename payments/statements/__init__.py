"""Files of a bank, read without trusting them, and what their lines may pay."""
