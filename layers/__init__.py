"""The domain of the Shizhong Planning Atlas: layers, features, revisions. It speaks no HTTP."""
