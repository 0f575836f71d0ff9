"""Dead letters, for an operator: reading them, putting them back, closing them."""
