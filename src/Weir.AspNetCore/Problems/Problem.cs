using System.Text.Json;

using Microsoft.AspNetCore.Http;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>One place of a bad request.</summary>
/// <param name="Pointer">JSON pointer (RFC 6901); empty for the whole body.</param>
/// <param name="Parameter">The parameter of the path or the query, where it is not the body that is wrong.</param>
public sealed record ProblemError(string Pointer, string Detail, int? Line = null, int? Column = null, string? Parameter = null);

/// <summary>An error as a problem document (RFC 9457): what is wrong, where, and what to do instead.</summary>
/// <param name="Code">A stable word; its page is <c>docs/problems/{code}.md</c>.</param>
public sealed record Problem(int Status, string Code, string Title, string Detail) : IResult
{
    public const string ContentType = "application/problem+json";

    public IReadOnlyList<ProblemError> Errors { get; init; } = [];

    /// <summary>Seconds after which to come again, where that helps.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>How far the reservation has come that has ended otherwise.</summary>
    public string? State { get; init; }

    /// <summary>The methods that a path knows, where it was called with another.</summary>
    public string? Allow { get; init; }

    /// <summary>Relative to the server: the page that explains the code.</summary>
    public string Type => "/docs/problems/" + Code;

    /// <summary>The status of each failure of a request.</summary>
    public static int StatusOf(Refusal refusal) => refusal switch
    {
        Refusal.InvalidRequest or Refusal.PropertyType => StatusCodes.Status400BadRequest,
        Refusal.UnknownAccount or Refusal.EventNotFound or Refusal.ReservationNotFound or Refusal.GrantNotFound => StatusCodes.Status404NotFound,
        Refusal.PeriodClosed or Refusal.ReservationEnded or Refusal.StaleFence => StatusCodes.Status409Conflict,
        _ => StatusCodes.Status422UnprocessableEntity,
    };

    public static Problem Of(Failure failure) => new(StatusOf(failure.Refusal), failure.Refusal.Code(), TitleOf(failure.Refusal), failure.Message)
    {
        Errors = failure.Pointer.Length == 0 ? [] : [new ProblemError(failure.Pointer, failure.Message)],
        State = failure.State is { } state ? JsonText.Name(state) : null,
    };

    public static Problem InvalidJson(string pointer, string message) =>
        new(StatusCodes.Status400BadRequest, "invalid_json", "The body cannot be read", message) { Errors = [new ProblemError(pointer, message)] };

    public static Problem Invalid(string pointer, string message) =>
        new(StatusCodes.Status400BadRequest, Refusal.InvalidRequest.Code(), TitleOf(Refusal.InvalidRequest), message) { Errors = [new ProblemError(pointer, message)] };

    /// <summary>A parameter of the path or the query is wrong.</summary>
    public static Problem InvalidParameter(string name, string message) =>
        new(StatusCodes.Status400BadRequest, Refusal.InvalidRequest.Code(), TitleOf(Refusal.InvalidRequest), message) { Errors = [new ProblemError("", message, Parameter: name)] };

    /// <summary>The same for what does not exist and for what is another workspace's (ACC-2).</summary>
    public static Problem NotFound(string what) => new(StatusCodes.Status404NotFound, "not_found", "There is no such thing", what);

    public static Problem UnknownAccount(string key) => Of(new Failure(Refusal.UnknownAccount, "", $"There is no account '{key}'."));

    public static Problem PayloadTooLarge(string message) => new(StatusCodes.Status413PayloadTooLarge, "payload_too_large", "The body is too large", message);

    public static Problem VersionMismatch(int active) => new(StatusCodes.Status412PreconditionFailed, "version_mismatch", "The catalog has moved on",
        $"Version {active} is active. Read it, make your change on it, and send its ETag in If-Match.");

    public Task ExecuteAsync(HttpContext httpContext) => WriteAsync(httpContext);

    public async Task WriteAsync(HttpContext context)
    {
        HttpResponse response = context.Response;
        response.StatusCode = Status;
        response.ContentType = ContentType;
        if (RetryAfter is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString();
        }

        if (Allow is not null)
        {
            response.Headers.Allow = Allow;
        }

        if (Status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Bearer";
        }

        await using (Utf8JsonWriter writer = new(response.BodyWriter, JsonBody.Writing))
        {
            Write(writer);
        }

        await response.BodyWriter.FlushAsync(context.ClientGone());
    }

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        WriteMembers(writer);
        writer.WriteEndObject();
    }

    /// <summary>The members of the document, for documents that have more of them.</summary>
    internal void WriteMembers(Utf8JsonWriter writer)
    {
        writer.WriteString("type"u8, Type);
        writer.WriteString("title"u8, Title);
        writer.WriteNumber("status"u8, Status);
        writer.WriteString("code"u8, Code);
        writer.WriteString("detail"u8, Detail);
        JsonText.Text(writer, "state"u8, State);
        if (Errors.Count > 0)
        {
            writer.WriteStartArray("errors"u8);
            foreach (ProblemError error in Errors)
            {
                writer.WriteStartObject();
                writer.WriteString("pointer"u8, error.Pointer);
                JsonText.Text(writer, "parameter"u8, error.Parameter);
                writer.WriteString("detail"u8, error.Detail);
                if (error.Line is { } line)
                {
                    writer.WriteNumber("line"u8, line);
                }

                if (error.Column is { } column)
                {
                    writer.WriteNumber("column"u8, column);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }
    }

    internal static string TitleOf(Refusal refusal)
    {
        string words = refusal.Code().Replace('_', ' ');
        return char.ToUpperInvariant(words[0]) + words[1..];
    }
}

/// <summary>Ends the handling of a request with a problem document.</summary>
public sealed class ProblemException(Problem problem) : Exception(problem.Detail)
{
    public Problem Problem { get; } = problem;
}
