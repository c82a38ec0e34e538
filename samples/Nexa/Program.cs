namespace Nexa;

internal static class Program
{
    private static Task Main(string[] args) => NexaHost.Create(args).RunAsync();
}
