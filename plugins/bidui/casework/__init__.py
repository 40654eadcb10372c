"""Cases: a lead or finding that somebody works on, with an owner, a clock and an outcome; all of it as events."""
