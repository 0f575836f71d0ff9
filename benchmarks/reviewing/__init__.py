"""What the verdicts of people are worth."""
