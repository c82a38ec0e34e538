using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>
/// The ids and keys in paths, percent-decoded exactly. Servers decode a path before routing but leave <c>%2F</c> as it is, so that
/// <c>a%2Fb</c> and <c>a%252Fb</c> would look alike; ids may contain all of these, so they are read from the target as it was sent.
/// </summary>
internal static class RequestPath
{
    public static AccountKey Account(HttpContext context, string name = "key") => new(Key(context, name, "An account key"));

    public static EventId Event(HttpContext context) => new(Key(context, "id", "An event id"));

    public static EventId Grant(HttpContext context) => new(Key(context, "id", "A grant's id"));

    /// <summary>A name of the catalog: of a meter, a plan, an event type, a feature.</summary>
    public static string Name(HttpContext context, string name, string what)
    {
        string text = Value(context, name);
        return CatalogName.IsValid(text) ? text : throw new ProblemException(Problem.InvalidParameter(name, $"{what} is {CatalogName.Form}."));
    }

    public static string Key(HttpContext context, string name, string what)
    {
        string text = Value(context, name);
        return Identifier.IsValid(text) ? text : throw new ProblemException(Problem.InvalidParameter(name, $"{what} is {Identifier.Form}."));
    }

    public static string Value(HttpContext context, string name)
    {
        string routed = (string?)context.GetRouteValue(name) ?? "";
        if (context.GetEndpoint() is not RouteEndpoint endpoint || context.Features.Get<IHttpRequestFeature>()?.RawTarget is not { Length: > 0 } target)
        {
            return routed;
        }

        int end = target.IndexOf('?', StringComparison.Ordinal);
        string[] sent = (end < 0 ? target : target[..end]).TrimEnd('/').Split('/');
        IReadOnlyList<RoutePatternPathSegment> pattern = endpoint.RoutePattern.PathSegments;
        for (int i = 0; i < pattern.Count; i++)
        {
            if (pattern[i].Parts is [RoutePatternParameterPart parameter] && parameter.Name == name && sent.Length >= pattern.Count)
            {
                // Counted from the end, because the path may begin with a base. The two must agree in what the server decodes.
                string raw = sent[sent.Length - pattern.Count + i];
                return SlashesKept(raw) == routed ? Uri.UnescapeDataString(raw) : routed;
            }
        }

        return routed;
    }

    /// <summary>As the server decodes a segment before routing.</summary>
    private static string SlashesKept(string raw) =>
        Uri.UnescapeDataString(raw.Replace("%2F", "%252F", StringComparison.Ordinal).Replace("%2f", "%252f", StringComparison.Ordinal));
}
