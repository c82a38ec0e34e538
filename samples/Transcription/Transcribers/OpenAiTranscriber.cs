using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Transcription;

/// <summary>Where the transcriptions endpoint is, configured under <c>Transcription:OpenAi</c>.</summary>
internal sealed class OpenAiOptions
{
    /// <summary>Of any server that speaks the OpenAI API, without <c>/v1</c>.</summary>
    public Uri BaseUrl { get; set; } = new("https://api.openai.com");

    public string? ApiKey { get; set; }

    public string Model { get; set; } = "whisper-1";

    /// <summary>Seconds of sound that go into one request: the API takes 25 MB, and 30 minutes are 11 MB here.</summary>
    public int PieceSeconds { get; set; } = 1800;

    public int Attempts { get; set; } = 4;

    /// <summary>Before the second attempt; doubled for each further one.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(2);
}

/// <summary>
/// Sends the sound to an OpenAI-compatible endpoint: <c>POST /v1/audio/transcriptions</c> as a form with <c>response_format=verbose_json</c>
/// (https://platform.openai.com/docs/api-reference/audio/createTranscription). The sound is sent alone, at 16 kHz and in pieces, so that the
/// picture of a video and the length of a lecture do not matter.
/// </summary>
internal sealed class OpenAiTranscriber(HttpClient http, OpenAiOptions options, MediaTools tools) : ITranscriber
{
    private const int LargestAnswer = 32 * 1024 * 1024;
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_least = TimeSpan.FromMinutes(2);

    public string Name => "openai";

    public string? Provider => "openai";

    public string Model => options.Model;

    public async Task<Transcript> TranscribeAsync(TranscriptionRequest request, IProgress<double> progress, CancellationToken cancellationToken)
    {
        TimeSpan piece = TimeSpan.FromSeconds(options.PieceSeconds);
        int count = Math.Max(1, (int)Math.Ceiling(request.Duration / piece));
        List<Cue> cues = [];
        TimeSpan heard = TimeSpan.Zero;
        string? language = null;
        long? tokens = null;
        for (int i = 0; i < count; i++)
        {
            TimeSpan start = piece * i;
            string sound = $"{request.Path}.{i}.mp3";
            try
            {
                TimeSpan length = await CutAsync(request, sound, start, piece, cancellationToken);
                heard += length;
                if (length > TimeSpan.Zero)
                {
                    using JsonDocument answer = await SendAsync(sound, request.Language, cancellationToken);
                    cues.AddRange(CuesOf(answer.RootElement, start, length));
                    language ??= Text(answer.RootElement, "language");
                    tokens = TokensOf(answer.RootElement) is { } more ? (tokens ?? 0) + more : tokens;
                }
            }
            finally
            {
                File.Delete(sound);
            }

            progress.Report((i + 1.0) / count);
        }

        return Transcript.Of(language ?? request.Language, heard, cues, tokens);
    }

    private async Task<TimeSpan> CutAsync(TranscriptionRequest request, string sound, TimeSpan start, TimeSpan length, CancellationToken cancellationToken)
    {
        TimeSpan heard = TimeSpan.Zero;
        ToolResult cut = await tools.ConvertAsync(
            [
                "-v", "error", "-y", "-progress", "pipe:1", "-ss", Seconds(start), .. MediaTools.Input(request.Path), "-t", Seconds(length), "-map", "0:a:0", "-map_metadata", "-1",
                "-ac", "1", "-ar", "16000", "-c:a", "libmp3lame", "-b:a", "48k", "-f", "mp3", "file:" + sound,
            ],
            line => heard = MediaTools.PositionOf(line) ?? heard, null, s_least + length, cancellationToken);
        return cut.ExitCode == 0 ? heard : throw new MediaException("The file's sound cannot be decoded.", isInput: true);
    }

    private async Task<JsonDocument> SendAsync(string sound, string? language, CancellationToken cancellationToken)
    {
        TimeSpan wait = options.RetryDelay;
        for (int attempt = 1; ; attempt++, wait *= 2)
        {
            TimeSpan? asked = null;
            try
            {
                using HttpResponseMessage response = await PostAsync(sound, language, cancellationToken);
                byte[] body = await ReadAsync(response.Content, cancellationToken);
                if (response.IsSuccessStatusCode)
                {
                    return JsonDocument.Parse(body);
                }

                if (response.StatusCode is not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError) || attempt >= options.Attempts)
                {
                    throw new TranscriberException($"The transcriber answered {(int)response.StatusCode}: {Reason(body)}");
                }

                asked = response.Headers.RetryAfter?.Delta;
            }
            catch (JsonException exception)
            {
                throw new TranscriberException("The transcriber's answer is not JSON.", exception);
            }
            catch (HttpRequestException exception) when (attempt >= options.Attempts)
            {
                throw new TranscriberException("The transcriber cannot be reached.", exception);
            }
            catch (HttpRequestException)
            {
                // It is tried again below.
            }

            TimeSpan longest = asked ?? wait;
            await Task.Delay(longest < s_longestWait ? longest : s_longestWait, cancellationToken);
        }
    }

    private async Task<HttpResponseMessage> PostAsync(string sound, string? language, CancellationToken cancellationToken)
    {
        using MultipartFormDataContent form = new();
        StreamContent file = new(File.OpenRead(sound));
        file.Headers.ContentType = new MediaTypeHeaderValue("audio/mpeg");
        form.Add(file, "file", "sound.mp3");
        form.Add(new StringContent(options.Model), "model");
        form.Add(new StringContent("verbose_json"), "response_format");
        form.Add(new StringContent("segment"), "timestamp_granularities[]");
        if (language is not null)
        {
            form.Add(new StringContent(language), "language");
        }

        using HttpRequestMessage request = new(HttpMethod.Post, new Uri(options.BaseUrl, "/v1/audio/transcriptions")) { Content = form };
        if (options.ApiKey is { Length: > 0 } key)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    private static async Task<byte[]> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        try
        {
            await content.LoadIntoBufferAsync(LargestAnswer, cancellationToken);
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw new TranscriberException("The transcriber's answer is too long.", exception);
        }

        return await content.ReadAsByteArrayAsync(cancellationToken);
    }

    /// <summary>Segments where there are some, else the whole text as one cue.</summary>
    private static IEnumerable<Cue> CuesOf(JsonElement answer, TimeSpan start, TimeSpan length)
    {
        if (answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("segments", out JsonElement segments) && segments.ValueKind == JsonValueKind.Array && segments.GetArrayLength() > 0)
        {
            foreach (JsonElement segment in segments.EnumerateArray())
            {
                yield return new Cue(start + Time(segment, "start"), start + Time(segment, "end"), Text(segment, "text") ?? "");
            }

            yield break;
        }

        yield return new Cue(start, start + length, Text(answer, "text") ?? throw new TranscriberException("The transcriber's answer has no text."));
    }

    private static TimeSpan Time(JsonElement segment, string name) =>
        segment.TryGetProperty(name, out JsonElement value) && value.TryGetDecimal(out decimal seconds) && seconds is >= 0 and < 1_000_000
            ? TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond))
            : throw new TranscriberException($"A segment of the transcriber's answer has no '{name}'.");

    private static long? TokensOf(JsonElement answer) =>
        answer.TryGetProperty("usage", out JsonElement usage) && usage.ValueKind == JsonValueKind.Object && usage.TryGetProperty("total_tokens", out JsonElement tokens)
            && tokens.ValueKind == JsonValueKind.Number && tokens.TryGetInt64(out long count) && count >= 0
            ? count
            : null;

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>The message of an error body; what it is not, is not shown.</summary>
    private static string Reason(byte[] body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            string? message = document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("error", out JsonElement error)
                ? error.ValueKind == JsonValueKind.String ? error.GetString() : Text(error, "message")
                : null;
            return message is { Length: > 0 } ? message[..Math.Min(message.Length, 300)] : "no reason given";
        }
        catch (JsonException)
        {
            return "no reason given";
        }
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);
}
