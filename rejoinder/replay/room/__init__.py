"""A recorded room: which track said what when, as table, picture, transcript and sound file."""
