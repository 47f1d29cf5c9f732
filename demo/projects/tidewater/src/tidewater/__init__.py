"""Timetables, crossings, berths and tickets."""
