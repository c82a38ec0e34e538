using System.Globalization;
using System.Text;

using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>Documents in and out, and the conditions under which they may replace what is active.</summary>
internal static class CatalogBody
{
    public const string Yaml = "application/yaml";
    public const string Json = "application/json";

    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text of the body, without a byte order mark.</summary>
    /// <exception cref="ProblemException">It is neither YAML nor JSON, too large, or not UTF-8.</exception>
    public static async ValueTask<(string Text, CatalogFormat Format)> ReadAsync(HttpContext context)
    {
        CatalogFormat format =
            JsonBody.IsMediaType(context.Request.ContentType, Yaml) ? CatalogFormat.Yaml
            : JsonBody.IsMediaType(context.Request.ContentType, Json) ? CatalogFormat.Json
            : throw new ProblemException(JsonBody.UnsupportedMediaType(context.Request.ContentType, $"{Yaml} or {Json}"));
        string text = await JsonBody.ReadAsync(context, CatalogBounds.LargestDocumentBytes, bytes =>
        {
            try
            {
                return s_utf8.GetString(bytes.Span);
            }
            catch (DecoderFallbackException)
            {
                throw new ProblemException(Invalid(CatalogText.Parse(bytes.Span, format).Errors, withPlaces: true));
            }
        });
        return (text.TrimStart('\uFEFF'), format);
    }

    public static Problem Invalid(IReadOnlyList<CatalogError> errors, bool withPlaces) =>
        new(StatusCodes.Status422UnprocessableEntity, "invalid_catalog", "The catalog is not valid", Summary(errors)) { Errors = Of(errors, withPlaces) };

    /// <param name="withPlaces">Whether lines and columns are those of the body: not where a member was put into a larger document.</param>
    public static Problem ProblemOf(CatalogChange change, bool withPlaces) =>
        change.Conflict ? Problem.VersionMismatch(change.Active)
        : change.Incompatible
            ? new Problem(StatusCodes.Status409Conflict, "catalog_incompatible", "The catalog takes away what is in use", Summary(change.Errors)) { Errors = Of(change.Errors, withPlaces) }
        : Invalid(change.Errors, withPlaces);

    /// <summary>The version that the caller has seen, from <c>If-Match</c>; null when any will do.</summary>
    /// <param name="active">The version that is active now.</param>
    /// <exception cref="ProblemException">None of the versions that it names is active.</exception>
    public static int? Expected(HttpContext context, int active)
    {
        StringValues header = context.Request.Headers.IfMatch;
        if (StringValues.IsNullOrEmpty(header))
        {
            return null;
        }

        foreach (string tag in header.ToString().Split(',', StringSplitOptions.TrimEntries))
        {
            // A weak tag never matches here: it does not say that the document is the same.
            if (tag == "*" ? active > 0 : tag == TagOf(active))
            {
                return tag == "*" ? null : active;
            }
        }

        throw new ProblemException(Problem.VersionMismatch(active));
    }

    public static string TagOf(int version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    /// <summary>The document as it is stored, or as JSON or YAML where the caller prefers that.</summary>
    public static async Task WriteAsync(HttpContext context, CatalogVersion version)
    {
        context.Response.Headers.ETag = TagOf(version.Version);
        context.Response.Headers.Vary = "Accept";
        if (context.Request.Headers.IfNoneMatch.ToString().Split(',', StringSplitOptions.TrimEntries).Contains(TagOf(version.Version)))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        CatalogFormat wanted = Accepted(context, version.Format);
        string text = wanted == version.Format ? version.Document : CatalogText.Write(CatalogText.Parse(version.Document, version.Format).Root!, wanted);
        context.Response.ContentType = wanted == CatalogFormat.Json ? Json : Yaml;
        await context.Response.WriteAsync(text, context.RequestAborted);
    }

    private static CatalogFormat Accepted(HttpContext context, CatalogFormat stored)
    {
        foreach (Microsoft.Net.Http.Headers.MediaTypeHeaderValue type in context.Request.GetTypedHeaders().Accept.OrderByDescending(type => type.Quality ?? 1))
        {
            if (type.MediaType == Json)
            {
                return CatalogFormat.Json;
            }

            if (type.MediaType == Yaml)
            {
                return CatalogFormat.Yaml;
            }
        }

        return stored;
    }

    private static string Summary(IReadOnlyList<CatalogError> errors) =>
        errors.Count == 1 ? errors[0].Message : $"{errors.Count} errors; the active version stays. The first: {errors[0].Message}";

    private static List<ProblemError> Of(IReadOnlyList<CatalogError> errors, bool withPlaces) =>
        [.. errors.Select(error => withPlaces && error.Position.Line > 0
            ? new ProblemError(error.Pointer, error.Message, error.Position.Line, error.Position.Column)
            : new ProblemError(error.Pointer, error.Message))];
}
