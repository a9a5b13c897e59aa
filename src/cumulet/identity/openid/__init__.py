"""OpenID Connect, as far as one who relies on a provider needs it: its keys, its tokens, logging in by a browser.

https://openid.net/specs/openid-connect-core-1_0.html, RFC 7519 (JWT), 7662 (introspection), 7636 (PKCE), 9068 (access tokens)
"""
