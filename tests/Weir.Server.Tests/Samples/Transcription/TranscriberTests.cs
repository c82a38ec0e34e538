using System.Collections.Concurrent;

using global::Transcription;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Weir.Server.Tests.Samples;

public sealed class TranscriberTests : IDisposable
{
    private static readonly MediaTools s_tools = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("transcriber-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory(DisplayName = "The offline transcriber finds where there is sound, says only that, and says it again the same")]
    [InlineData("talk.wav")]
    [InlineData("talk.mp4")]
    public async Task Silence(string name)
    {
        string path = name.EndsWith("mp4", StringComparison.Ordinal) ? Sounds.Video(_folder, name, 8) : Sounds.Audio(_folder, name, 8);
        SilenceTranscriber transcriber = new(s_tools);
        ConcurrentQueue<double> progress = new();
        Transcript transcript = await transcriber.TranscribeAsync(new TranscriptionRequest(path, TimeSpan.FromSeconds(8), "yue"), new Told(progress), CancellationToken.None);
        Assert.Equal(
            ["[Speech 1: 0:00.0 to 0:02.0]", "[Speech 2: 0:03.0 to 0:05.0]", "[Speech 3: 0:06.0 to 0:08.0]"], transcript.Cues.Select(cue => cue.Text));
        Assert.All(transcript.Cues.Zip([(0, 2), (3, 5), (6, 8)]), pair =>
        {
            Assert.InRange(pair.First.Start.TotalSeconds, pair.Second.Item1 - 0.02, pair.Second.Item1 + 0.05);
            Assert.InRange(pair.First.End.TotalSeconds, pair.Second.Item2 - 0.05, pair.Second.Item2 + 0.05);
        });
        Assert.InRange(transcript.Duration.TotalSeconds, 7.95, 8.1);
        Assert.All(progress, part => Assert.InRange(part, 0, 1));
        Transcript again = await transcriber.TranscribeAsync(new TranscriptionRequest(path, TimeSpan.FromSeconds(8), "yue"), new Told([]), CancellationToken.None);
        Assert.Equal(transcript.Cues, again.Cues);
    }

    [Fact(DisplayName = "Between silences: nothing shorter than a syllable, nothing longer than a subtitle")]
    public void Cuts()
    {
        (bool, TimeSpan)[] moments = [At(true, 2), At(false, 3), At(true, 3.1), At(false, 5), At(true, 20), At(false, 21)];
        Assert.Equal(
            [(0, 2), (5, 10), (10, 15), (15, 20), (21, 24)],
            SpeechCuts.Between(moments, TimeSpan.FromSeconds(24)).Select(span => (span.Start.TotalSeconds, span.End.TotalSeconds)));
        Assert.Empty(SpeechCuts.Between([At(true, 0), At(false, 4), At(true, 4)], TimeSpan.FromSeconds(4)));
        Assert.Equal([(0, 4)], SpeechCuts.Between([], TimeSpan.FromSeconds(4)).Select(span => (span.Start.TotalSeconds, span.End.TotalSeconds)));

        static (bool, TimeSpan) At(bool isStart, double seconds) => (isStart, TimeSpan.FromSeconds(seconds));
    }

    [Theory(DisplayName = "Lines of silencedetect are read, others are not")]
    [InlineData("[silencedetect @ 0x55d0] silence_start: 2.00131", true, 2.00131)]
    [InlineData("[silencedetect @ 0x55d0] silence_end: 3.00006 | silence_duration: 0.99875", false, 3.00006)]
    [InlineData("[silencedetect @ 0x55d0] silence_start: -0.0013", true, 0)]
    [InlineData("    title           : silence_start: 9", null, 0)]
    [InlineData("[silencedetect @ 0x55d0] silence_start: nan", null, 0)]
    public void Readings(string line, bool? isStart, double seconds)
    {
        (bool IsStart, TimeSpan At)? read = SpeechCuts.Read(line);
        Assert.Equal(isStart, read?.IsStart);
        Assert.Equal(seconds, read?.At.TotalSeconds ?? 0, 5);
    }

    [Fact(DisplayName = "The HTTP transcriber sends sound as the API wants it, in pieces, and puts the answers' times in place")]
    public async Task Pieces()
    {
        await using Endpoint endpoint = await Endpoint.StartAsync((_, number) => Results.Content(
            $$$"""{"task":"transcribe","language":"cantonese","duration":3.0,"text":"all","segments":[{"id":0,"start":0.25,"end":1.5,"text":" part {{{number}}}"}],"usage":{"type":"tokens","total_tokens":{{{number * 10}}}}}""",
            "application/json"));
        string path = Sounds.Video(_folder, "talk.mp4", 8);
        Transcript transcript = await endpoint.Transcriber(pieceSeconds: 3).TranscribeAsync(new TranscriptionRequest(path, TimeSpan.FromSeconds(8), "yue"), new Told([]), CancellationToken.None);
        Assert.Equal(("cantonese", 60L), (transcript.Language, transcript.Tokens));
        Assert.Equal([(0.25, "part 1"), (3.25, "part 2"), (6.25, "part 3")], transcript.Cues.Select(cue => (cue.Start.TotalSeconds, cue.Text)));
        Assert.InRange(transcript.Duration.TotalSeconds, 7.9, 8.2);
        Assert.All(endpoint.Requests, request =>
        {
            Assert.Equal("Bearer test-key", request.Authorization);
            Assert.Equal(("whisper-test", "verbose_json", "yue"), (request.Form["model"].ToString(), request.Form["response_format"].ToString(), request.Form["language"].ToString()));
            Assert.Equal(("sound.mp3", "audio/mpeg"), (request.FileName, request.FileType));
            Assert.InRange(request.FileBytes, 5_000, 30_000);
        });
        Assert.Equal([path], Directory.EnumerateFiles(_folder));
    }

    [Fact(DisplayName = "The HTTP transcriber tries again after 429, 5xx and a lost connection, and says what else went wrong")]
    public async Task Retries()
    {
        string path = Sounds.Audio(_folder, "talk.wav", 2);
        TranscriptionRequest request = new(path, TimeSpan.FromSeconds(2), null);
        await using (Endpoint shaky = await Endpoint.StartAsync((context, number) =>
        {
            switch (number)
            {
                case 1:
                    context.Response.Headers.RetryAfter = "0";
                    return Results.StatusCode(429);
                case 2:
                    context.Abort();
                    return Results.Empty;
                case 3:
                    return Results.StatusCode(503);
                default:
                    return Results.Json(new { text = "whole" });
            }
        }))
        {
            Transcript transcript = await shaky.Transcriber().TranscribeAsync(request, new Told([]), CancellationToken.None);
            Assert.Equal(("whole", 0), (Assert.Single(transcript.Cues).Text, transcript.Cues[0].Start.TotalSeconds));
            Assert.Equal(4, shaky.Requests.Count);
            Assert.DoesNotContain(shaky.Requests, sent => sent.Form.ContainsKey("language"));
        }

        await FailsAsync("answered 401: Incorrect API key", 1, (_, _) => Results.Json(new { error = new { message = "Incorrect API key" } }, statusCode: 401));
        await FailsAsync("answered 500: no reason given", 4, (_, _) => Results.Text("<html>", statusCode: 500));
        await FailsAsync("is not JSON", 1, (_, _) => Results.Text("<html>"));
        await FailsAsync("has no text", 1, (_, _) => Results.Json(new { words = 3 }));
        await FailsAsync("has no 'end'", 1, (_, _) => Results.Content("""{"segments":[{"start":1,"text":"a"}]}""", "application/json"));

        async Task FailsAsync(string message, int requests, Func<HttpContext, int, IResult> answer)
        {
            await using Endpoint endpoint = await Endpoint.StartAsync(answer);
            TranscriberException exception = await Assert.ThrowsAsync<TranscriberException>(() => endpoint.Transcriber().TranscribeAsync(request, new Told([]), CancellationToken.None));
            Assert.Contains(message, exception.Message, StringComparison.Ordinal);
            Assert.Equal(requests, endpoint.Requests.Count);
        }
    }

    private sealed class Told(ConcurrentQueue<double> parts) : IProgress<double>
    {
        public void Report(double value) => parts.Enqueue(value);
    }

    private sealed record Received(IFormCollection Form, string? Authorization, string FileName, string? FileType, long FileBytes);

    /// <summary>A little server that speaks the API's one endpoint.</summary>
    private sealed class Endpoint : IAsyncDisposable
    {
        private readonly HttpClient _client = new();
        private WebApplication _app = null!;

        public ConcurrentQueue<Received> Requests { get; } = new();

        public static async Task<Endpoint> StartAsync(Func<HttpContext, int, IResult> answer)
        {
            Endpoint endpoint = new();
            WebApplicationBuilder builder = WebApplication.CreateBuilder(["--urls=http://127.0.0.1:0"]);
            builder.Logging.ClearProviders();
            endpoint._app = builder.Build();
            endpoint._app.MapPost("/v1/audio/transcriptions", async (HttpContext context) =>
            {
                IFormCollection form = await context.Request.ReadFormAsync();
                IFormFile file = form.Files.Single();
                endpoint.Requests.Enqueue(new Received(form, context.Request.Headers.Authorization, file.FileName, file.ContentType, file.Length));
                return answer(context, endpoint.Requests.Count);
            });
            await endpoint._app.StartAsync();
            return endpoint;
        }

        public OpenAiTranscriber Transcriber(int pieceSeconds = 1800) => new(
            _client,
            new OpenAiOptions
            {
                BaseUrl = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()),
                ApiKey = "test-key",
                Model = "whisper-test",
                PieceSeconds = pieceSeconds,
                RetryDelay = TimeSpan.Zero,
            },
            s_tools);

        public async ValueTask DisposeAsync()
        {
            _client.Dispose();
            await _app.StopAsync();
            await _app.DisposeAsync();
        }
    }
}
