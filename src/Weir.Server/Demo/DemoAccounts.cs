namespace Weir.Server;

/// <summary>An account of the demo.</summary>
/// <param name="DaysIntoPeriod">How many days of its current month have gone when the demo begins.</param>
/// <param name="Pace">Credits that it uses in a month, as a part of its plan's.</param>
/// <param name="Growth">How much more it uses each month, as a part.</param>
/// <param name="Users">People who use it.</param>
internal sealed record DemoAccount(
    string Key, string Name, string Plan, string Zone, int DaysIntoPeriod, string SignedUpAt, double Pace, double Growth, int Users);

/// <summary>The organizations of the demo: a few heavy ones, several near their limits, some quiet.</summary>
internal static class DemoAccounts
{
    public static readonly IReadOnlyList<DemoAccount> All =
    [
        new("halden-maritime", "Halden Maritime AS", "enterprise", "Europe/Oslo", 12, "08:40", 0.74, 0.06, 38),
        new("meridian-health", "Meridian Health Group", "enterprise", "America/Chicago", 27, "14:05", 1.06, 0.09, 52),
        new("sakura-robotics", "Sakura Robotics KK", "enterprise", "Asia/Tokyo", 21, "10:30", 0.88, 0.04, 44),
        new("brightforge", "Brightforge Studio", "professional", "America/New_York", 26, "09:15", 1.03, 0.12, 14),
        new("olivar-consultores", "Olivar Consultores", "professional", "Europe/Madrid", 9, "11:20", 0.66, 0.02, 9),
        new("kilimo-data", "Kilimo Data", "professional", "Africa/Nairobi", 28, "16:45", 1.05, 0.15, 17),
        new("tidewater-legal", "Tidewater Legal LLP", "professional", "America/New_York", 27, "13:00", 1.21, 0.10, 19),
        new("nordlys-energi", "Nordlys Energi", "professional", "Europe/Oslo", 17, "07:55", 0.42, -0.08, 8),
        new("anand-associates", "Anand & Associates", "professional", "Asia/Kolkata", 20, "12:10", 0.78, 0.05, 12),
        new("southern-cross-engineering", "Southern Cross Engineering", "professional", "Australia/Sydney", 26, "08:20", 0.95, 0.03, 16),
        new("petit-atelier", "Petit Atelier", "starter", "Europe/Paris", 27, "17:30", 1.02, 0.07, 3),
        new("mapleworks", "Mapleworks", "starter", "America/Toronto", 14, "10:00", 0.58, 0.00, 4),
        new("lindqvist-design", "Lindqvist Design", "starter", "Europe/Stockholm", 24, "09:45", 0.80, 0.05, 2),
        new("casa-verde", "Casa Verde Arquitetura", "starter", "America/Sao_Paulo", 27, "15:10", 1.07, 0.11, 4),
        new("hikari-planning", "Hikari Planning", "starter", "Asia/Tokyo", 6, "11:50", 0.36, -0.10, 2),
        new("bluebonnet-events", "Bluebonnet Events", "starter", "America/Denver", 26, "12:35", 1.24, 0.14, 4),
        new("aurelia-games", "Aurelia Games", "starter", "Europe/Warsaw", 19, "18:20", 0.70, 0.06, 3),
        new("kauri-homes", "Kauri Homes", "starter", "Pacific/Auckland", 11, "09:05", 0.47, 0.01, 2),
        new("jo-tran", "Jo Tran", "free", "Asia/Ho_Chi_Minh", 25, "20:15", 1.05, 0.05, 1),
        new("studio-amina", "Studio Amina", "free", "Africa/Lagos", 26, "19:00", 1.10, 0.08, 1),
        new("river-and-co", "River & Co", "free", "Europe/London", 8, "10:25", 0.60, 0.00, 1),
        new("mikkel-holm", "Mikkel Holm", "free", "Europe/Copenhagen", 16, "21:40", 0.50, -0.05, 1),
        new("pixel-pantry", "Pixel Pantry", "free", "America/Los_Angeles", 27, "08:30", 1.20, 0.10, 1),
        new("delphi-notes", "Delphi Notes", "free", "Europe/Athens", 13, "13:50", 0.40, 0.02, 1),
        new("zofia-nowak", "Zofia Nowak", "free", "Europe/Warsaw", 22, "16:05", 0.90, 0.04, 1),
    ];
}
