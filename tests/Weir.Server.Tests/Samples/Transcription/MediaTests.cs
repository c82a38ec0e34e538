using System.Net.Http.Headers;
using System.Text;

using global::Transcription;

using Microsoft.AspNetCore.Http;

namespace Weir.Server.Tests.Samples;

public sealed class MediaTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("media-").FullName;
    private readonly MediaProbe _probe = new(new MediaTools());

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory(DisplayName = "The length of a file is that of its sound, in every usual format")]
    [InlineData("talk.wav", "wav", "pcm_s16le")]
    [InlineData("talk.mp3", "mp3", "mp3")]
    [InlineData("talk.m4a", "mov", "aac")]
    [InlineData("talk.ogg", "ogg", "vorbis")]
    [InlineData("talk.flac", "flac", "flac")]
    public async Task Audio(string name, string format, string codec)
    {
        MediaInfo info = await ReadAsync(Sounds.Audio(_folder, name, 5));
        Assert.Equal((format, false, codec), (info.Format, info.HasVideo, info.AudioCodec));
        Assert.InRange(info.Duration.TotalSeconds, 4.9, 5.15);
    }

    [Fact(DisplayName = "A video is as long as its sound, also one whose header names no length")]
    public async Task Video()
    {
        MediaInfo info = await ReadAsync(Sounds.Video(_folder, "talk.mp4", 5));
        Assert.Equal(("mov", true), (info.Format, info.HasVideo));
        Assert.InRange(info.Duration.TotalSeconds, 4.9, 5.15);
        string live = Sounds.Audio(_folder, "live.webm", 5, "-c:a", "libopus", "-live", "1");
        Assert.InRange((await ReadAsync(live)).Duration.TotalSeconds, 4.9, 5.15);
    }

    [Fact(DisplayName = "What is no media, has no sound, or would open other files is refused")]
    public async Task Refused()
    {
        string text = Path.Combine(_folder, "notes.mp3");
        await File.WriteAllTextAsync(text, "These are notes, whatever the name says.");
        await RefusedAsync(text, "not audio or video");
        await RefusedAsync(Sounds.Silent(_folder, "mute.mp4", 1), "no sound");
        string talk = Sounds.Audio(_folder, "talk.wav", 1);
        string list = Path.Combine(_folder, "list.mp4");
        await File.WriteAllTextAsync(list, $"ffconcat version 1.0\nfile '{Path.GetFileName(talk)}'\n");
        await RefusedAsync(list, "not audio or video");
        string playlist = Path.Combine(_folder, "playlist.mp4");
        await File.WriteAllTextAsync(playlist, $"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{talk}\n#EXT-X-ENDLIST\n");
        await RefusedAsync(playlist, "not audio or video");

        async Task RefusedAsync(string path, string why)
        {
            MediaException exception = await Assert.ThrowsAsync<MediaException>(() => ReadAsync(path));
            Assert.True(exception.IsInput);
            Assert.Contains(why, exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact(DisplayName = "A tool that is not there is the machine's fault, and a tool that nobody waits for is ended")]
    public async Task Tools()
    {
        MediaException missing = await Assert.ThrowsAsync<MediaException>(() =>
            new MediaTools("ffmpeg-that-is-not-there").ConvertAsync(["-version"], null, null, TimeSpan.FromSeconds(10), CancellationToken.None));
        Assert.False(missing.IsInput);

        MediaTools tools = new();
        string[] endless = ["-re", "-f", "lavfi", "-i", "sine", "-f", "null", "-"];
        MediaException late = await Assert.ThrowsAsync<MediaException>(() => tools.ConvertAsync(endless, null, null, TimeSpan.FromMilliseconds(100), CancellationToken.None));
        Assert.True(late.IsInput);
        using CancellationTokenSource gone = new();
        TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<ToolResult> running = tools.ConvertAsync(["-progress", "pipe:1", .. endless], _ => begun.TrySetResult(), null, TimeSpan.FromMinutes(1), gone.Token);
        await begun.Task;
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact(DisplayName = "An upload becomes a file under a name of ours, exactly as large as allowed and no byte larger")]
    public async Task Uploads()
    {
        byte[] content = Encoding.ASCII.GetBytes(new string('x', 300_000));
        UploadedFile file = await ReceiveAsync(content, 300_000, "../../talk\u0007.mp3");
        Assert.Equal(("talk.mp3", 300_000L), (file.Name, file.Bytes));
        Assert.Equal(content, await File.ReadAllBytesAsync(file.Path));
        File.Delete(file.Path);

        UploadException large = await Assert.ThrowsAsync<UploadException>(() => ReceiveAsync(content, 299_999, "talk.mp3"));
        Assert.True(large.IsTooLarge);
        Assert.False((await Assert.ThrowsAsync<UploadException>(() => ReceiveAsync([], 10, "talk.mp3"))).IsTooLarge);
        await Assert.ThrowsAsync<UploadException>(() => ReceiveAsync(content, 300_000, "talk.mp3", part: "sound"));
        await Assert.ThrowsAsync<UploadException>(() => ReceiveAsync(content, 300_000, "talk.mp3", cut: 200_000));
        DefaultHttpContext json = new() { Request = { ContentType = "application/json" } };
        await Assert.ThrowsAsync<UploadException>(() => Upload.ReceiveAsync(json.Request, _folder, 10, CancellationToken.None));
        Assert.Empty(Directory.EnumerateFiles(_folder));
    }

    [Theory(DisplayName = "Names of files are for people: no folders, no control characters, not endless")]
    [InlineData(@"C:\music\talk.mp3", "talk.mp3")]
    [InlineData("/etc/passwd", "passwd")]
    [InlineData("廣東話.mp3", "廣東話.mp3")]
    [InlineData(" \r\n", "recording")]
    [InlineData(null, "recording")]
    public void Names(string? given, string name)
    {
        Assert.Equal(name, Upload.NameOf(given));
        Assert.Equal(200, Upload.NameOf(new string('a', 5000)).Length);
    }

    [Fact(DisplayName = "A line of a tool's output is cut, however long it is")]
    public async Task LongLines()
    {
        List<string> lines = [];
        await Lines.ReadAsync(new StringReader("one\r\n" + new string('x', 1_000_000) + "\nthree"), lines.Add, CancellationToken.None);
        Assert.Equal([3, Lines.Longest, 5], lines.Select(line => line.Length));
    }

    private Task<MediaInfo> ReadAsync(string path) => _probe.ReadAsync(path, CancellationToken.None);

    private async Task<UploadedFile> ReceiveAsync(byte[] content, long largest, string name, string part = "file", int? cut = null)
    {
        using MultipartFormDataContent form = new();
        form.Add(new StringContent("before"), "note");
        ByteArrayContent file = new(content);
        file.Headers.ContentDisposition = new ContentDispositionHeaderValue("form-data") { Name = part, FileNameStar = name };
        form.Add(file);
        byte[] body = await form.ReadAsByteArrayAsync();
        DefaultHttpContext context = new();
        context.Request.ContentType = form.Headers.ContentType!.ToString();
        context.Request.Body = new MemoryStream(body, 0, cut ?? body.Length);
        return await Upload.ReceiveAsync(context.Request, _folder, largest, CancellationToken.None);
    }
}
