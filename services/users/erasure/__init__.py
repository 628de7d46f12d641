"""The deletion of accounts: a saga over the services that hold something of users.

docs/erasure.md describes it as a whole.
"""
