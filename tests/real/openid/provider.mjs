// A certified OpenID Connect provider (https://github.com/panva/node-oidc-provider) with the clients and users that the tests need.
// node provider.mjs PORT CALLBACK: serves http://127.0.0.1:PORT; CALLBACK is where the cloud wants browsers to be sent back to.
import Provider from 'oidc-provider';

const [port, callback] = process.argv.slice(2);
const USERS = {
  ann: { sub: 'ann', preferred_username: 'Ann', email: 'ann@idp.test', groups: ['devs', 'elsewhere'] },
  bob: { sub: 'bob', preferred_username: 'Bob', email: 'bob@idp.test', groups: ['elsewhere'] },
};
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const CLOUD = 'urn:cloud';

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    { client_id: 'cloud', client_secret: 'the clouds own secret', redirect_uris: [callback] },
    {
      client_id: 'cli',
      client_secret: 'the programs secret',
      redirect_uris: ['http://localhost:8989/callback'],
      grant_types: ['authorization_code', 'client_credentials', 'password', DEVICE],
    },
  ],
  claims: { openid: ['sub'], email: ['email'], profile: ['preferred_username', 'groups'] },
  conformIdTokenClaims: false,
  findAccount: (ctx, id) => ({ accountId: id, claims: () => USERS[id] ?? { sub: id } }),
  pkce: { required: (ctx, client) => client.clientId === 'cloud' },
  ttl: { ClientCredentials: 600, AccessToken: 600 },
  extraTokenClaims: (ctx, token) => USERS[token.accountId] ?? { preferred_username: token.clientId, groups: ['devs'] },
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // With the scope `opaque` a token is one that only the provider can read.
      defaultResource: (ctx) => ((ctx.oidc.params?.scope ?? '').includes('opaque') ? undefined : CLOUD),
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: 'openid profile email', audience: 'cloud', accessTokenFormat: 'jwt' }),
    },
  },
  scopes: ['openid', 'profile', 'email', 'opaque'],
});

// The password grant is none of OpenID Connect's; keystoneauth has a plugin for providers that offer it.
provider.registerGrantType('password', async (ctx) => {
  const { username, password, scope } = ctx.oidc.params;
  if (!USERS[username] || password !== `the password of ${username}`) {
    ctx.status = 400;
    ctx.body = { error: 'invalid_grant' };
    return;
  }
  const { AccessToken, Grant, ResourceServer } = provider;
  const grant = new Grant({ accountId: username, clientId: ctx.oidc.client.clientId });
  grant.addOIDCScope(scope);
  const token = new AccessToken({
    accountId: username, client: ctx.oidc.client, grantId: await grant.save(), gty: 'password', scope,
  });
  if (!scope.includes('opaque')) {
    token.resourceServer = new ResourceServer(CLOUD, { scope, audience: 'cloud', accessTokenFormat: 'jwt' });
  }
  ctx.body = { access_token: await token.save(), expires_in: token.expiration, token_type: token.tokenType, scope };
}, ['username', 'password', 'scope'], []);

provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
