using System.Text;

namespace Weir.Client;

/// <summary>The active catalog.</summary>
/// <param name="Tag">Names the version; give it to <see cref="WeirClient.ReplaceCatalogAsync"/> to replace only what you have read.</param>
public sealed record CatalogDocument(string Text, CatalogFormat Format, string Tag);

/// <summary>A version that has become active.</summary>
public sealed record CatalogVersion(int Version);

public enum CatalogFormat
{
    Yaml,
    Json,
}

public sealed partial class WeirClient
{
    /// <summary>The active catalog as it was written, or in the format that is asked for.</summary>
    /// <exception cref="WeirProblemException"><c>no_catalog</c>.</exception>
    public async Task<CatalogDocument> GetCatalogAsync(CatalogFormat? format = null, CancellationToken cancellationToken = default)
    {
        Call call = new(HttpMethod.Get, "catalog") { Accept = format is { } wanted ? MediaType(wanted) : "*/*", Timeout = _options.CallTimeout };
        Answer answer = await _transport.SendAsync(call, cancellationToken);
        return new CatalogDocument(
            Encoding.UTF8.GetString(answer.Body.Span), answer.MediaType == Call.Json ? CatalogFormat.Json : CatalogFormat.Yaml, answer.ETag ?? "");
    }

    /// <summary>Replaces the catalog as a whole; an invalid one is refused with every error and its place, and the active version stays.</summary>
    /// <param name="ifTag">Only where this version is still active.</param>
    /// <exception cref="WeirProblemException"><c>invalid_catalog</c>, <c>catalog_incompatible</c>, <c>version_mismatch</c>.</exception>
    public Task<CatalogVersion> ReplaceCatalogAsync(
        string text, CatalogFormat format = CatalogFormat.Yaml, string? ifTag = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        Call call = new(HttpMethod.Put, "catalog")
        {
            Body = Encoding.UTF8.GetBytes(text),
            ContentType = MediaType(format),
            IfMatch = ifTag,
            Timeout = _options.CallTimeout,
            // After a lost answer a repeat would find its own version and be told that the catalog has moved on.
            MostAttempts = ifTag is null ? null : 1,
        };
        return SendAsync(call, ClientJson.Default.CatalogVersion, cancellationToken);
    }

    private static string MediaType(CatalogFormat format) => format == CatalogFormat.Json ? Call.Json : "application/yaml";
}
