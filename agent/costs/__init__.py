"""What a call uses of its engines, and what that costs by a table that people can edit."""
