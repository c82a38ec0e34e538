using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;

using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

using Weir.AspNetCore;

namespace Nexa;

/// <summary>Who a token stands for. Configured under <c>Nexa:Tokens</c>.</summary>
internal sealed class AccessToken
{
    /// <summary>At least 16 characters.</summary>
    public required string Token { get; init; }

    public required string User { get; init; }

    public required string Organization { get; init; }

    /// <summary><c>admin</c> or <c>member</c>.</summary>
    public string Role { get; init; } = Roles.Member;
}

internal static class Roles
{
    public const string Admin = "admin";
    public const string Member = "member";
}

internal static class NexaClaims
{
    public const string User = "sub";
    public const string Organization = "org";
    public const string Role = "role";
}

internal sealed class TokenOptions : AuthenticationSchemeOptions
{
    public const int ShortestToken = 16;

    public IReadOnlyList<AccessToken> Tokens { get; set; } = [];

    public override void Validate()
    {
        foreach (AccessToken token in Tokens)
        {
            if (token.Token.Length < ShortestToken || token.Role is not (Roles.Admin or Roles.Member) || token.User.Length == 0 || token.Organization.Length == 0)
            {
                throw new OptionsValidationException("Nexa:Tokens", typeof(AccessToken), [
                    $"A token has at least {ShortestToken} characters, a user, an organization, and the role {Roles.Admin} or {Roles.Member}; look at the token of '{token.User}'."]);
            }
        }
    }
}

/// <summary>Bearer tokens from the configuration. Every one is compared in full, so that the time says nothing about them.</summary>
internal sealed class TokenAuthentication(IOptionsMonitor<TokenOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<TokenOptions>(options, logger, encoder)
{
    public const string Name = "Token";

    private const string Bearer = "Bearer ";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        string? header = Request.Headers.Authorization;
        if (header is null || !header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return Task.FromResult(AuthenticateResult.NoResult());
        }

        byte[] given = SHA256.HashData(Encoding.UTF8.GetBytes(header[Bearer.Length..].Trim()));
        AccessToken? found = null;
        foreach (AccessToken token in Options.Tokens)
        {
            found = CryptographicOperations.FixedTimeEquals(given, SHA256.HashData(Encoding.UTF8.GetBytes(token.Token))) ? token : found;
        }

        if (found is null)
        {
            return Task.FromResult(AuthenticateResult.Fail("The token is not known."));
        }

        Claim[] claims = [new(NexaClaims.User, found.User), new(NexaClaims.Organization, found.Organization), new(NexaClaims.Role, found.Role)];
        ClaimsPrincipal principal = new(new ClaimsIdentity(claims, Name, NexaClaims.User, NexaClaims.Role));
        return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(principal, Name)));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) =>
        new Problem(StatusCodes.Status401Unauthorized, "unauthorized", "A token is needed", "Send 'Authorization: Bearer …' with a token of Nexa.").WriteAsync(Context);

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        new Problem(StatusCodes.Status403Forbidden, "forbidden", "The token may not do this", $"Only the role '{Roles.Admin}' may do this.").WriteAsync(Context);
}
