using System.Security.Claims;
using System.Text;
using System.Text.RegularExpressions;

using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

using Weir.AspNetCore;

namespace Transcription;

/// <param name="Position">Place in the queue, from 1; null when it does not wait.</param>
/// <param name="Progress">The done part, 0 to 1.</param>
internal sealed record JobView(
    string Id, string Name, string State, string Format, bool IsVideo, long FileSizeBytes, decimal DurationSeconds, string? Language, int? Position, double Progress,
    DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt, decimal? Credits, decimal? Cost, string? Code, string? Reason, string? Upgrade);

internal sealed record JobList(IReadOnlyList<JobView> Items);

internal sealed record CueView(decimal Start, decimal End, string Text);

internal sealed record TranscriptView(string? Language, decimal DurationSeconds, IReadOnlyList<CueView> Cues);

internal sealed record JobDetail(JobView Job, TranscriptView? Transcript);

/// <summary>Files in, transcripts out.</summary>
internal static partial class JobEndpoints
{
    private const int MostListed = 50;

    public static void Map(RouteGroupBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("/transcription").WithTags("Transcription");
        group.MapPost("/check-limits", CheckLimitsAsync).RequireAllowance("api_call").Produces<CheckAnswer>();
        group.MapPost("", SubmitAsync).Produces<JobView>(StatusCodes.Status202Accepted);
        group.MapGet("", ListAsync).Produces<JobList>();
        group.MapGet("/{id}", ReadAsync).Produces<JobDetail>();
        group.MapGet("/{id}/export", Export).RequireAllowance("export", usage => usage
            .Property("format", usage.HttpContext.Request.Query["format"].ToString()).Resource(usage.Route("id")));
        group.MapDelete("/{id}", DeleteAsync);
    }

    private static async Task<IResult> CheckLimitsAsync(CheckRequest request, ClaimsPrincipal user, JobAdmission admission, CancellationToken cancellationToken)
    {
        if (request.Problem is { } wrong)
        {
            return wrong;
        }

        JobCheck check = await admission.CheckAsync(user.Key(), request.EstimatedDurationSeconds ?? 0, request.FileSizeBytes ?? 0, cancellationToken);
        return check.Refused ?? Results.Ok(check.Answer);
    }

    private static async Task<IResult> SubmitAsync(
        HttpContext context, ClaimsPrincipal caller, JobAdmission admission, JobStore store, JobRunner runner, JobOptions options, UploadGate gate, MediaProbe probe,
        TimeProvider time, CancellationToken cancellationToken, string? language = null)
    {
        string user = caller.Key();
        if (language is not null && !Language().IsMatch(language))
        {
            return Problem.InvalidParameter("language", "A language is a code of two or three letters such as yue or en.");
        }

        using IDisposable? place = gate.Enter(user, store);
        if (place is null)
        {
            return new Problem(StatusCodes.Status503ServiceUnavailable, "overloaded", "Too many files at once",
                $"At most {options.MostOpenPerUser} of your files may wait, run or be on their way; come again when one is done.") { RetryAfter = 30 };
        }

        // What is certainly too large, or has no credits behind it, is refused before it is sent.
        long announced = Math.Max(0, (context.Request.ContentLength ?? 0) - Upload.FormBytes);
        JobCheck before = await admission.CheckAsync(user, 0, announced, cancellationToken);
        if (before.Refused is not null)
        {
            return before.Refused;
        }

        long largest = Math.Min(before.Answer.MaxFileSizeBytes ?? long.MaxValue, options.LargestFile);
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = largest + Upload.FormBytes;
        UploadedFile? file = null;
        try
        {
            file = await Upload.ReceiveAsync(context.Request, store.Uploads, largest, cancellationToken);
            MediaInfo media = await probe.ReadAsync(file.Path, cancellationToken);
            if (media.Duration > options.LongestSound)
            {
                return NotMedia($"The file sounds for {media.Duration.TotalHours:0.#} hours; at most {options.LongestSound.TotalHours:0.#} are taken.");
            }

            JobCheck check = await admission.CheckAsync(user, Seconds(media.Duration), file.Bytes, cancellationToken);
            if (check.Refused is not null)
            {
                return check.Refused;
            }

            Job job = new()
            {
                Id = Guid.CreateVersion7().ToString("N"),
                User = user,
                Name = file.Name,
                Path = file.Path,
                Bytes = file.Bytes,
                Format = media.Format,
                IsVideo = media.HasVideo,
                Duration = media.Duration,
                Language = language,
                CreatedAt = time.GetUtcNow(),
            };
            store.Add(job);
            file = null;
            runner.Submit(job);
            return Results.Accepted($"/api/v1/transcription/{job.Id}", ViewOf(job, runner, await admission.PlacesOfAsync(user, cancellationToken)));
        }
        catch (UploadException exception) when (exception.IsTooLarge)
        {
            JobCheck check = await admission.CheckAsync(user, 0, largest + 1, cancellationToken);
            return check.Refused ?? Problem.PayloadTooLarge(exception.Message);
        }
        catch (UploadException exception)
        {
            return Problem.Invalid("", exception.Message);
        }
        catch (MediaException exception) when (exception.IsInput)
        {
            return NotMedia(exception.Message);
        }
        finally
        {
            if (file is not null)
            {
                File.Delete(file.Path);
            }
        }
    }

    private static async Task<IResult> ListAsync(ClaimsPrincipal user, JobStore store, JobRunner runner, JobAdmission admission, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, int> places = await admission.PlacesOfAsync(user.Key(), cancellationToken);
        return Results.Ok(new JobList([.. store.OfUser(user.Key(), MostListed).Select(job => ViewOf(job, runner, places))]));
    }

    private static async Task<IResult> ReadAsync(string id, ClaimsPrincipal user, JobStore store, JobRunner runner, JobAdmission admission, CancellationToken cancellationToken) => Find(id, user, store) is not { } job
        ? Missing(id)
        : Results.Ok(new JobDetail(ViewOf(job, runner, await admission.PlacesOfAsync(job.User, cancellationToken)), job is { State: JobState.Completed, Transcript: { } transcript } ? ViewOf(transcript) : null));

    private static IResult Export(string id, ClaimsPrincipal user, JobStore store, HttpContext context, string format = "")
    {
        if (TranscriptFormat.Find(format) is not { } wanted)
        {
            return Problem.InvalidParameter("format", $"Take {string.Join(", ", TranscriptFormat.All.Select(known => known.Name))}.");
        }

        if (Find(id, user, store) is not { State: JobState.Completed, Transcript: { } transcript } job)
        {
            return Problem.NotFound($"There is no transcript of a job '{id}'.");
        }

        ContentDispositionHeaderValue disposition = new("attachment");
        disposition.SetHttpFileName($"{Path.GetFileNameWithoutExtension(job.Name)}.{wanted.Name}");
        context.Response.Headers.ContentDisposition = disposition.ToString();
        return Results.Text(wanted.Write(transcript), wanted.ContentType, Encoding.UTF8);
    }

    /// <summary>Cancels a job that is not over; deletes one that is, with its transcript.</summary>
    private static async Task<IResult> DeleteAsync(string id, ClaimsPrincipal user, JobStore store, JobRunner runner, JobAdmission admission, CancellationToken cancellationToken)
    {
        if (Find(id, user, store) is not { } job)
        {
            return Missing(id);
        }

        if (job.IsOver)
        {
            store.Remove(id);
            return Results.NoContent();
        }

        await runner.CancelAsync(id);
        return Results.Ok(ViewOf(store.Find(id) ?? job, runner, await admission.PlacesOfAsync(job.User, cancellationToken)));
    }

    public static decimal Seconds(TimeSpan time) => decimal.Round((decimal)time.Ticks / TimeSpan.TicksPerSecond, 3);

    /// <summary>Of another user exactly as an unknown one.</summary>
    private static Job? Find(string id, ClaimsPrincipal user, JobStore store) => store.Find(id) is { } job && job.User == user.Key() ? job : null;

    private static JobView ViewOf(Job job, JobRunner runner, IReadOnlyDictionary<string, int> places)
    {
        return new JobView(
            job.Id, job.Name, job.State.ToString().ToLowerInvariant(), job.Format, job.IsVideo, job.Bytes, Seconds(job.Duration), job.Language,
            job.State == JobState.Queued && places.TryGetValue(JobAdmission.IdOf(job).Value, out int place) ? place : null,
            job.State is JobState.Completed or JobState.Settling ? 1 : runner.Find(job.Id)?.Progress ?? 0,
            job.CreatedAt, job.StartedAt, job.FinishedAt, job.Credits, job.Cost, job.Code, job.Reason, job.Upgrade);
    }

    private static TranscriptView ViewOf(Transcript transcript) =>
        new(transcript.Language, Seconds(transcript.Duration), [.. transcript.Cues.Select(cue => new CueView(Seconds(cue.Start), Seconds(cue.End), cue.Text))]);

    private static Problem NotMedia(string message) => new(StatusCodes.Status415UnsupportedMediaType, "unsupported_media_type", "The file cannot be transcribed", message);

    private static Problem Missing(string id) => Problem.NotFound($"There is no job '{id}'.");

    [GeneratedRegex("^[a-z]{2,3}$", RegexOptions.NonBacktracking)]
    private static partial Regex Language();
}
