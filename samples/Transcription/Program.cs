namespace Transcription;

internal static class Program
{
    private static Task Main(string[] args) => TranscriptionHost.Create(args).RunAsync();
}
