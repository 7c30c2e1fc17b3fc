"""Everything of the Shizhong Planning Atlas that speaks HTTP, and its command line."""
