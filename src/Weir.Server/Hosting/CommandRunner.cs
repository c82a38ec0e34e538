using System.CommandLine;

namespace Weir.Server;

/// <summary>What a command ends with. They are part of the program's contract.</summary>
internal static class ExitCodes
{
    public const int Done = 0;

    /// <summary>The command could not do what was asked; the message says what to do instead.</summary>
    public const int Failed = 1;

    /// <summary><c>verify</c> or <c>audit verify</c> found something that is not as it was written, <c>repair</c> left something so, or <c>doctor</c> found a fault.</summary>
    public const int Differences = 2;
}

/// <summary>Ends a command with a message for a person. The message says what to do instead.</summary>
internal sealed class CommandException(string message) : Exception(message);

/// <summary>Runs the command line; what goes wrong becomes one message on the error output, not a stack trace.</summary>
internal static class CommandRunner
{
    public static async Task<int> RunAsync(Command root, string[] args)
    {
        // The host of `serve` listens to SIGTERM itself and drains; the library's own handler would end the process after two seconds.
        InvocationConfiguration configuration = new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        try
        {
            return await root.Parse(args).InvokeAsync(configuration);
        }
        catch (Exception exception)
        {
            // What has no explanation is a fault of the program's own: then the stack helps whoever mends it.
            await Console.Error.WriteLineAsync("weir: " + (Explain(exception) ?? "an unexpected error; please report it: " + exception));
            return ExitCodes.Failed;
        }
    }

    private static string? Explain(Exception exception) => exception switch
    {
        CommandException or StoreUnavailableException or InvalidDataException => exception.Message,
        FileNotFoundException { FileName: { } file } => $"There is no file '{file}'.",
        DirectoryNotFoundException or UnauthorizedAccessException => exception.Message,
        IOException io when io.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException =>
            $"{io.Message} Another program listens there: end it, or choose another address with --urls.",
        IOException io => io.Message,
        HttpRequestException http => $"The server cannot be reached: {http.Message}. Is it running, and is --url right?",
        Microsoft.Extensions.Options.OptionsValidationException options => string.Join(" ", options.Failures),
        _ => null,
    };
}
