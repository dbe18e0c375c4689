/**
 * Common given names and surnames, put together at random: no real person is meant. Written in their own script, with
 * the Latin form that addresses are made of where that is another.
 */
export interface Name {
  readonly written: string;
  readonly latin: string;
}
export interface NamePool {
  readonly given: readonly Name[];
  readonly surnames: readonly Name[];
  /** The surname is written first. */
  readonly surnameFirst: boolean;
}
export type Culture = 'de' | 'en' | 'fr' | 'pl' | 'tr' | 'el' | 'ja' | 'bg';

/** `written/latin`, or one form for both. */
const names = (list: string): Name[] =>
  list.split(/\s+/).map((entry) => {
    const [written = '', latin = written] = entry.split('/');
    return { written: written.replaceAll('_', ' '), latin: latin.replaceAll('_', ' ') };
  });
const pool = (given: string, surnames: string, surnameFirst = false): NamePool => ({
  given: names(given),
  surnames: names(surnames),
  surnameFirst,
});

export const namePools: Readonly<Record<Culture, NamePool>> = {
  de: pool(
    `Anna Björn Clara Dörte Emil Friederike Günther Hannah Ingo Jörg Käthe Lukas Marlene Nils Petra Ruprecht
     Sören Ute Volker Zoë`,
    `Ackermann Böhm Dreßler Engelhardt Fröhlich Großkopf Hübner Jäger Köhler Lindemann Mühlbach Nötzel Oswald
     Pfähler Rößler Schönfeld Tränkle Übelacker Voß Weiß`,
  ),
  en: pool(
    `Alice Benjamin Charlotte Daniel Eleanor Finlay Grace Harry Imogen Jack Katherine Liam Megan Nathan Olivia
     Poppy Rhys Sophie Thomas Zara`,
    `Ainsworth Bradbury Cartwright Dunmore Eastwood Fairclough Greenhalgh Hartley Ingham Jowett Kershaw Lockwood
     Middleton O'Shea Pickering Ramsden Smith-Jones Thackray Underhill Whitaker`,
  ),
  fr: pool(
    `Amélie Benoît Chloé Désiré Émilie François Gaëlle Hélène Inès Jérôme Loïc Maëlle Noël Océane René Solène
     Théo Valérie Yannick Zoé`,
    `Aubert Bérard Chevalier Dubœuf Évrard Fournier Gauthier Hébert Jégou Lefèvre Maréchal Noël Pélissier Quéré
     Rivière Sénéchal Thévenet Vallée Le_Goff De_la_Tour`,
  ),
  pl: pool(
    `Agnieszka Bartłomiej Celina Dariusz Elżbieta Filip Grażyna Henryk Jadwiga Łukasz Małgorzata Paweł Róża
     Stanisław Świętosław Urszula Wojciech Zbigniew Żaneta Źdisława`,
    `Adamczyk Bąk Czerwiński Dąbrowska Fijałkowski Głowacki Jabłońska Kołodziej Łuczak Mróz Nowacki Ożóg Pięta
     Różycki Sęk Śliwa Wąsik Wróblewski Zając Żurek`,
  ),
  tr: pool(
    `Ayşe Barış Çağla Doğan Elif Fırat Gökçe Hüseyin İpek Kaan Lütfiye Mehmet Nazlı Oğuz Özlem Pınar Şebnem Tuğba
     Ümit Yiğit`,
    `Açıkgöz Bulut Çelik Demirtaş Erdoğdu Fındık Gündüz Işık Karataş Küçük Ocak Öztürk Polatlı Sarı Şahin Taşkın
     Uçar Ünlü Yıldırım Zengin`,
  ),
  el: pool(
    `Αθηνά/Athina Βασίλης/Vasilis Γεωργία/Georgia Δημήτρης/Dimitris Ελένη/Eleni Ζωή/Zoi Ηλίας/Ilias
     Θεοδώρα/Theodora Ιωάννης/Ioannis Κατερίνα/Katerina Λευτέρης/Lefteris Μαρία/Maria Νίκος/Nikos Ξένια/Xenia
     Παύλος/Pavlos Σοφία/Sofia`,
    `Αγγελόπουλος/Angelopoulos Βλάχου/Vlachou Γαλάνης/Galanis Δούκας/Doukas Ζερβού/Zervou Θεοδωρίδης/Theodoridis
     Ιωαννίδου/Ioannidou Καραγιάννης/Karagiannis Λαμπράκης/Lamprakis Μακρή/Makri Νικολάου/Nikolaou
     Παπαδάκης/Papadakis Ράπτης/Raptis Σταύρου/Stavrou Τσιρίγος/Tsirigos Χατζή/Chatzi`,
  ),
  ja: pool(
    `葵/Aoi 大輔/Daisuke 英子/Eiko 文雄/Fumio 春香/Haruka 一郎/Ichiro 淳/Jun 健太/Kenta 美咲/Misaki 直樹/Naoki
     涼子/Ryoko さくら/Sakura 拓也/Takuya 裕美/Yumi 善郎/Yoshiro 翼/Tsubasa`,
    `青山/Aoyama 藤井/Fujii 原田/Harada 石川/Ishikawa 加藤/Kato 松本/Matsumoto 中島/Nakajima 小川/Ogawa
     斎藤/Saito 清水/Shimizu 高橋/Takahashi 内田/Uchida 渡辺/Watanabe 山口/Yamaguchi 吉田/Yoshida 長谷川/Hasegawa`,
    true,
  ),
  bg: pool(
    `Антония/Antoniya Борис/Boris Весела/Vesela Георги/Georgi Десислава/Desislava Емил/Emil Живко/Zhivko
     Ивайло/Ivaylo Калина/Kalina Любомир/Lyubomir Милена/Milena Надежда/Nadezhda Огнян/Ognyan Петя/Petya
     Радослав/Radoslav Цветана/Tsvetana`,
    `Ангелов/Angelov Банкова/Bankova Вълчев/Valchev Гочева/Gocheva Димитров/Dimitrov Желева/Zheleva Иванов/Ivanov
     Костова/Kostova Маринов/Marinov Недялкова/Nedyalkova Павлов/Pavlov Русева/Ruseva Стоянов/Stoyanov
     Тонева/Toneva Христов/Hristov Щерева/Shtereva`,
  ),
};
