"""Numbers and pictures as figures; pure functions from data to what is drawn."""
