"""The law of the meeting: pure rules over plain values.

Knows meetings and people; never HTTP, sockets, tables or packets. Time, identity and chance are arguments.
"""
