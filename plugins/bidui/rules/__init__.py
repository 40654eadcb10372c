"""Rules: SQL over what was settled (design, decision 1). The SELECTs are policy; binding and running them is code."""
