using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

using NodaTime;
using NodaTime.Text;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>A parameter of the query that an endpoint knows. A name that ends with <c>[]</c> stands for <c>name[anything]</c>.</summary>
/// <param name="Description">What it does and what it may be.</param>
/// <param name="Many">Whether it may stand more than once.</param>
public sealed record QueryParameter(string Name, string Description, bool Many = false);

/// <summary>
/// The query of a request. A parameter that the endpoint does not know is refused: a slip in a filter must not silently widen an answer.
/// </summary>
internal static class RequestQuery
{
    /// <summary>Characters of one value.</summary>
    public const int LongestValue = 255;

    /// <summary>How often one parameter may stand.</summary>
    public const int MostValues = 100;

    public static TBuilder WithQuery<TBuilder>(this TBuilder builder, string name, string description, bool many = false)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new QueryParameter(name, description, many));

    /// <summary>The problem of a query that the endpoint does not take, or null.</summary>
    public static Problem? Check(HttpRequest request, IReadOnlyList<QueryParameter> known)
    {
        foreach ((string name, StringValues values) in request.Query)
        {
            QueryParameter? parameter = known.FirstOrDefault(parameter => Means(parameter.Name, name));
            if (parameter is null)
            {
                IEnumerable<string> names = known.Select(known => known.Name);
                return Problem.InvalidParameter(Texts.Shown(name), known.Count == 0
                    ? $"'{Texts.Shown(name)}' is not a parameter here: this call takes none in its query."
                    : $"'{Texts.Shown(name)}' is not a parameter here{NearestName.Suggestion(name, names)}; allowed are {string.Join(", ", names)}.");
            }

            if (values.Count > (parameter.Many ? MostValues : 1))
            {
                return Problem.InvalidParameter(name, parameter.Many ? $"'{name}' stands {values.Count} times; at most {MostValues}." : $"'{name}' stands twice; send it once.");
            }

            if (values.Any(value => value is not null && (value.Length > LongestValue || !DisplayName.IsValid(value))))
            {
                return Problem.InvalidParameter(name, $"'{name}' is {DisplayName.Form}.");
            }
        }

        return null;
    }

    /// <summary>Null when it is absent or empty.</summary>
    public static string? Text(HttpContext context, string name) =>
        context.Request.Query.TryGetValue(name, out StringValues values) && values[0] is { Length: > 0 } value ? value : null;

    /// <summary>The values of a parameter that may stand more than once.</summary>
    public static IReadOnlyList<string> Many(HttpContext context, string name) =>
        context.Request.Query.TryGetValue(name, out StringValues values) ? [.. values.Where(value => !string.IsNullOrEmpty(value)).Select(value => value!)] : [];

    /// <summary>The values of <c>name[key]</c>, by key.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyCollection<string>> ByKey(HttpContext context, string name) =>
        context.Request.Query.Where(pair => Means(name + "[]", pair.Key))
            .ToDictionary(pair => pair.Key[(name.Length + 1)..^1], pair => (IReadOnlyCollection<string>)[.. pair.Value.OfType<string>()], StringComparer.Ordinal);

    public static string? Identifier(HttpContext context, string name)
    {
        string? text = Text(context, name);
        return text is null || Engine.Identifier.IsValid(text) ? text : throw Wrong(name, $"'{name}' is {Engine.Identifier.Form}.");
    }

    /// <summary>A name of the catalog: of a meter, a plan, an event type.</summary>
    public static string? Name(HttpContext context, string name)
    {
        string? text = Text(context, name);
        return text is null || CatalogName.IsValid(text) ? text : throw Wrong(name, $"'{name}' is {CatalogName.Form}.");
    }

    public static int Whole(HttpContext context, string name, int absent, int least, int most) =>
        Text(context, name) is not { } text ? absent
        : int.TryParse(text, System.Globalization.NumberStyles.None, null, out int value) && value >= least && value <= most ? value
        : throw Wrong(name, $"'{name}' is a whole number from {least} to {most}.");

    public static Instant? Time(HttpContext context, string name)
    {
        if (Text(context, name) is not { } text)
        {
            return null;
        }

        ParseResult<OffsetDateTime> parsed = OffsetDateTimePattern.Rfc3339.Parse(text);
        return parsed.Success && parsed.Value.Year is >= 1970 and <= 9000
            ? Clock.Truncate(parsed.Value.ToInstant())
            : throw Wrong(name, $"'{name}' is a time as RFC 3339 writes it, such as 2026-11-21T09:30:00Z; a '+' of an offset is written %2B.");
    }

    /// <summary>A stretch of time, half-open; both ends may be open.</summary>
    public static (Instant? From, Instant? To) Between(HttpContext context)
    {
        (Instant? from, Instant? to) = (Time(context, "from"), Time(context, "to"));
        return from is { } start && to is { } end && end < start ? throw Wrong("to", "'to' lies before 'from'.") : (from, to);
    }

    public static T Choice<T>(HttpContext context, string name, T absent, params ReadOnlySpan<(string Word, T Value)> choices)
    {
        if (Text(context, name) is not { } text)
        {
            return absent;
        }

        List<string> words = [];
        foreach ((string word, T value) in choices)
        {
            if (word == text)
            {
                return value;
            }

            words.Add(word);
        }

        throw Wrong(name, $"'{name}' is one of {string.Join(", ", words)}.");
    }

    public static ProblemException Wrong(string name, string message) => new(Problem.InvalidParameter(name, message));

    private static bool Means(string known, string name) =>
        known == name || (known.EndsWith("[]", StringComparison.Ordinal) && name.EndsWith(']') && name.StartsWith(known.AsSpan(..^1), StringComparison.Ordinal));
}
