using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>Texts of bodies, checked: what is stored or shown has no control characters and no half characters.</summary>
internal static class Texts
{
    private const int LongestShown = 60;

    /// <summary>A text for people, or null.</summary>
    public static string? Display(string? text, string pointer) =>
        text is null || DisplayName.IsValid(text) ? text : throw Wrong(pointer, $"It may have {DisplayName.Form}.");

    /// <summary>A text for people that must say something.</summary>
    public static string Required(string text, string pointer) =>
        !string.IsNullOrWhiteSpace(text) && DisplayName.IsValid(text) ? text : throw Wrong(pointer, $"It is required and may have {DisplayName.Form}.");

    public static string Identifier(string text, string pointer, string what) =>
        Engine.Identifier.IsValid(text) ? text : throw Wrong(pointer, $"{what} is {Engine.Identifier.Form}.");

    public static string CatalogName(string text, string pointer, string what) =>
        Engine.CatalogName.IsValid(text) ? text : throw Wrong(pointer, $"{what} is {Engine.CatalogName.Form}.");

    public static ProblemException Wrong(string pointer, string message) => new(Problem.Invalid(pointer, message));

    /// <summary>A JSON pointer to a member.</summary>
    public static string Below(string pointer, string name) =>
        $"{pointer}/{name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";

    /// <summary>A text from outside, fit to be quoted in an answer.</summary>
    public static string Shown(string text) => text.Length <= LongestShown && DisplayName.IsValid(text) ? text : "…";
}
