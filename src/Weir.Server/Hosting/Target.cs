using System.CommandLine;
using System.CommandLine.Parsing;

namespace Weir.Server;

/// <summary>
/// What a command works on: a running server (<c>--url</c> with <c>--key</c>), or the folder of one that is stopped (<c>--data</c>).
/// </summary>
internal sealed class TargetOptions
{
    private readonly Option<string?> _url = new("--url") { Description = "Address of a running server, such as http://127.0.0.1:5080." };
    private readonly Option<string?> _key = new("--key") { Description = "An admin key for --url; WEIR_ADMIN_KEY when left out." };
    private readonly Option<string> _data = new("--data") { Description = "Folder of a stopped server.", DefaultValueFactory = _ => DataFolder.Default };
    private readonly Option<string> _workspace = new("--workspace") { Description = "The workspace in that folder; a key for --url names its own.", DefaultValueFactory = _ => Workspace.DefaultKey };

    public void AddTo(Command command)
    {
        command.Options.Add(_url);
        command.Options.Add(_key);
        command.Options.Add(_data);
        command.Options.Add(_workspace);
    }

    /// <summary>The server that the command line names, or null when it is about a folder.</summary>
    /// <exception cref="CommandException">The command line names both, or no key.</exception>
    public RemoteServer? Remote(ParseResult parsed)
    {
        if (parsed.GetValue(_url) is not { } url)
        {
            return parsed.GetValue(_key) is null
                ? null
                : throw new CommandException("--key is for a running server: name it with --url, or leave --key out to work on the folder.");
        }

        if (IsGiven(parsed.GetResult(_data)) || IsGiven(parsed.GetResult(_workspace)))
        {
            throw new CommandException("--url is a running server, whose key names the workspace; --data and --workspace are for the folder of a stopped one. Give one or the other.");
        }

        string key = parsed.GetValue(_key) ?? Environment.GetEnvironmentVariable("WEIR_ADMIN_KEY")
            ?? throw new CommandException("A running server asks for an admin key: give --key, or set WEIR_ADMIN_KEY.");
        return new RemoteServer(url, key);
    }

    /// <summary>Opens the folder; for changes it is refused while a server runs on it.</summary>
    public async Task<LocalStore> OpenAsync(ParseResult parsed, CancellationToken cancellationToken, bool readOnly = false) =>
        await LocalStore.OpenAsync(parsed.GetRequiredValue(_data), parsed.GetRequiredValue(_workspace), readOnly, cancellationToken);

    private static bool IsGiven(OptionResult? result) => result is { Implicit: false };
}
