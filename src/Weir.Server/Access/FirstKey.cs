namespace Weir.Server;

/// <summary>The key with which an operator begins.</summary>
internal static class FirstKey
{
    /// <summary>
    /// Lets <c>WEIR_ADMIN_KEY</c> act as an admin key, or makes the first one when the workspace <c>default</c> has none. A key that is
    /// made is printed once, to the standard output, which the log does not use.
    /// </summary>
    public static async Task EnsureAsync(IServiceProvider services, string? given, CancellationToken cancellationToken)
    {
        KeyService keys = services.GetRequiredService<KeyService>();
        if (given is not null)
        {
            keys.UseAdminKey(given);
            return;
        }

        Workspace home = services.GetRequiredService<StoreLifetime>().Default;
        IReadOnlyList<ApiKey> known = await keys.ListAsync(home.Id, cancellationToken);
        if (known.Any(key => key.Scopes.HasFlag(KeyScopes.Admin) && key.RevokedAt is null))
        {
            return;
        }

        (_, string text) = await keys.CreateAsync(home, "first", live: true, KeyScopes.Admin, AuditActor.OfHost("start"), cancellationToken);
        Console.WriteLine($"The first admin key of this server. Keep it: it is not shown again.\n\n  {text}\n");
    }
}
