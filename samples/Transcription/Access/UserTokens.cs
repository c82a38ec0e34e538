using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;

using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

using NodaTime;
using NodaTime.Text;

using Weir.AspNetCore;
using Weir.Engine;

namespace Transcription;

/// <summary>A user and the token that stands for him. Configured under <c>Transcription:Users</c>. Each user is an account of his own.</summary>
internal sealed class UserToken
{
    /// <summary>At least 16 characters.</summary>
    public required string Token { get; init; }

    /// <summary>The key of his account.</summary>
    public required string User { get; init; }

    /// <summary>For people; the key where there is none.</summary>
    public string? Name { get; init; }

    /// <summary>IANA time zone, such as <c>Asia/Hong_Kong</c>. His months begin in it.</summary>
    public string TimeZone { get; init; } = "UTC";

    /// <summary>The local date and time from which his months are counted, such as <c>2026-01-31T00:00:00</c>; the day of his first visit where there is none.</summary>
    public string? Anchor { get; init; }

    /// <summary>The plan that he begins with; the catalog's default where there is none. Later changes stay.</summary>
    public string? Plan { get; init; }

    public DateTimeZone Zone => DateTimeZoneProviders.Tzdb.GetZoneOrNull(TimeZone) ?? throw Wrong($"there is no time zone '{TimeZone}'");

    public LocalDateTime? AnchorTime =>
        Anchor is null ? null : LocalDateTimePattern.ExtendedIso.Parse(Anchor) is { Success: true, Value: var at } ? at : throw Wrong($"the anchor '{Anchor}' is not like 2026-01-31T00:00:00");

    public void Validate()
    {
        if (Token.Length < UserTokenOptions.ShortestToken)
        {
            throw Wrong($"a token has at least {UserTokenOptions.ShortestToken} characters");
        }

        if (!Identifier.IsValid(User))
        {
            throw Wrong($"a user is {Identifier.Form}");
        }

        _ = Zone;
        _ = AnchorTime;
    }

    private OptionsValidationException Wrong(string what) => new("Transcription:Users", typeof(UserToken), [$"The user '{User}': {what}."]);
}

internal sealed class UserTokenOptions : AuthenticationSchemeOptions
{
    public const int ShortestToken = 16;

    public IReadOnlyList<UserToken> Users { get; set; } = [];

    public override void Validate()
    {
        foreach (UserToken user in Users)
        {
            user.Validate();
        }
    }
}

/// <summary>Bearer tokens from the configuration. Every one is compared in full, so that the time says nothing about them.</summary>
internal sealed class UserTokenAuthentication(IOptionsMonitor<UserTokenOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<UserTokenOptions>(options, logger, encoder)
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
        UserToken? found = null;
        foreach (UserToken user in Options.Users)
        {
            found = CryptographicOperations.FixedTimeEquals(given, SHA256.HashData(Encoding.UTF8.GetBytes(user.Token))) ? user : found;
        }

        if (found is null)
        {
            return Task.FromResult(AuthenticateResult.NoResult());
        }

        ClaimsPrincipal principal = new(new ClaimsIdentity([new Claim(Caller.Claim, found.User)], Name, Caller.Claim, null));
        return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(principal, Name)));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) =>
        new Problem(StatusCodes.Status401Unauthorized, "unauthorized", "Sign in first", "Send 'Authorization: Bearer …' with your token.").WriteAsync(Context);
}

/// <summary>Who is signed in.</summary>
internal static class Caller
{
    public const string Claim = "sub";

    public static string Key(this ClaimsPrincipal user) => user.FindFirstValue(Claim) ?? throw new InvalidOperationException("The caller is not authenticated.");
}
