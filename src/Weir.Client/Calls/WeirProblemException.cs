using System.Net;
using System.Text;
using System.Text.Json;

namespace Weir.Client;

/// <summary>Weir refused a request as wrong: a problem document (RFC 9457). It was not carried out, and is not repeated. A denial of the plan is no problem: it is an answer.</summary>
public sealed class WeirProblemException : Exception
{
    private const string UnexpectedStatus = "unexpected_status";

    internal WeirProblemException(HttpStatusCode status, ProblemDocument document)
        : base(document.Detail ?? document.Title ?? $"Weir answered {(int)status}.")
    {
        Status = status;
        Code = document.Code ?? UnexpectedStatus;
        Title = document.Title;
        Type = document.Type;
        Errors = document.Errors ?? [];
        State = document.State;
    }

    public HttpStatusCode Status { get; }

    /// <summary>A stable word, such as <c>id_reused</c> or <c>unknown_event_type</c>.</summary>
    public string Code { get; }

    public string? Title { get; }

    /// <summary>The page that explains the code, relative to the server.</summary>
    public string? Type { get; }

    /// <summary>The places that are wrong.</summary>
    public IReadOnlyList<WeirProblemError> Errors { get; }

    /// <summary>Of a reservation that has ended: <c>committed</c>, <c>released</c> or <c>expired</c>.</summary>
    public string? State { get; }

    /// <summary>After what time to come again, where the server says so.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether it is about what was sent. A problem of the key, the address or a missing catalog is not: it ends when that is put right.</summary>
    internal bool IsAboutContent =>
        Status is HttpStatusCode.BadRequest or HttpStatusCode.Conflict or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.UnprocessableEntity
        && Code is not ("no_catalog" or UnexpectedStatus);

    internal static WeirProblemException Of(Answer answer) => new(answer.Status, Read(answer)) { RetryAfter = answer.RetryAfter };

    private static ProblemDocument Read(Answer answer)
    {
        try
        {
            if (answer.MediaType is "application/problem+json" && JsonSerializer.Deserialize(answer.Body.Span, ClientJson.Default.ProblemDocument) is { } document)
            {
                return document;
            }
        }
        catch (JsonException)
        {
            // Then it is the answer of something else that stands between: its beginning is all that can be said.
        }

        string text = Encoding.UTF8.GetString(answer.Body.Span[..Math.Min(answer.Body.Length, 500)]);
        return new ProblemDocument(null, null, null, $"Weir answered {(int)answer.Status} without a problem document: {text}", null, null);
    }
}

/// <summary>One place of a wrong request.</summary>
/// <param name="Pointer">JSON pointer into the body; empty for the whole.</param>
/// <param name="Line">Of a catalog document.</param>
/// <param name="Parameter">The parameter of the path or the query, where it is not the body that is wrong.</param>
public sealed record WeirProblemError(string Pointer, string Detail, int? Line = null, int? Column = null, string? Parameter = null);

internal sealed record ProblemDocument(string? Type, string? Title, string? Code, string? Detail, IReadOnlyList<WeirProblemError>? Errors, string? State);
