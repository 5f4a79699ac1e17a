"""What the body is after each step, as far as it is certain before any message comes."""
