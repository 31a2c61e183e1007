"""What must be true of Vigie, room by room; stories first."""
