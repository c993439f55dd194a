"""The CPR family: find the item that a user has in mind by asking and recommending."""
